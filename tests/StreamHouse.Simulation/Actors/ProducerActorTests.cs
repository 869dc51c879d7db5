using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Runner;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World.Network;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Actors;

public sealed class ProducerActorTests
{
    [Fact]
    public void An_idempotent_producer_finishes_however_often_the_same_batch_was_not_answered()
    {
        LostAnswers scenario = new();
        for (ulong seed = 1; seed <= 5; seed++)
        {
            SeedRun.Run(scenario, seed).Failure.ShouldBeNull($"seed {seed}");
        }
        scenario.Acknowledged.ShouldBeGreaterThan(100);
    }

    /// <summary>A third of all messages is lost for minutes, and nothing else goes wrong.</summary>
    private sealed class LostAnswers : Scenario
    {
        public override string Name => "lost answers";

        /// <summary>Batches acknowledged, in all runs together.</summary>
        public int Acknowledged { get; private set; }

        public override async Task RunAsync(SimRun run)
        {
            SimNode node = run.World.AddNode(EngineOptions.Small);
            run.Watch(alone: true);
            node.Start();
            await run.UntilAsync(() => node.Broker is not null, "the first start");
            TopicDescription topic = await node.Broker!.CreateTopicAsync("topic", 1, Durability.Local, TopicConfig.Default, CancellationToken.None);
            run.Model.Topics.Add(new TopicModel(topic));
            ProducerPlan plan = new() { Timeout = TimeSpan.FromSeconds(1) };
            ProducerActor producer = new(run.World, run.Model, "p", new TopicPartition(topic.Id, 0), plan);
            run.Add(producer);
            run.World.Network.Faults = new NetworkFaults { Loss = 0.3 };
            await run.WorkAsync([], TimeSpan.FromMinutes(3));
            await run.HealAsync();
            await run.FinishAsync(TimeSpan.FromMinutes(1));
            await run.Kernel.DelayAsync(TimeSpan.FromSeconds(3));
            await SingleNode.AuditAsync(run, node);
            Acknowledged += producer.Acknowledged;
        }
    }
}
