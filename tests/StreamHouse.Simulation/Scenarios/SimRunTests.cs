using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Runner;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>What every run requires whatever its seed.</summary>
public sealed class SimRunTests
{
    [Fact]
    public void A_client_that_does_not_finish_in_a_healthy_world_fails_the_run() => Fails("No progress: stubborn has not finished within 00:01:00", async run =>
    {
        run.Add(new StubbornActor(run.World, "stubborn"));
        await run.WorkAsync([], TimeSpan.FromSeconds(10));
        await run.FinishAsync(TimeSpan.FromMinutes(1));
    });

    [Fact]
    public void What_does_not_come_in_a_healthy_world_fails_the_run() =>
        Fails("No progress: a miracle has not come within two minutes", run => run.UntilAsync(() => false, "a miracle"));

    [Fact]
    public void A_start_that_is_refused_although_the_disk_is_sound_fails_the_run() => Fails("node0 refused to start, but its disk is sound", async run =>
    {
        SimNode node = run.World.AddNode(EngineOptions.Small);
        node.Start();
        await run.UntilAsync(() => node.Broker is not null, "the first start");
        TopicDescription topic = await node.Broker!.CreateTopicAsync("t", 1, Durability.Local, TopicConfig.Default, CancellationToken.None);
        for (int i = 0; i < 5; i++)
        {
            long next = i;
            byte[] batch = RecordMaker.Make("test", ref next, 1, 0, 1000, new SimRandom(1), -1, 0).Bytes;
            await node.Broker!.AppendAsync(new TopicPartition(topic.Id, 0), batch);
        }
        node.LosePower();
        // Nobody is told of it: to the supervisor the disk is as it should be.
        node.Disk.FlipProvenBit().ShouldNotBeNull();
        run.Supervise();
        await run.Kernel.DelayAsync(TimeSpan.FromMinutes(1));
    });

    private static void Fails(string why, Func<SimRun, Task> act) =>
        SeedRun.Run(new ByHand(act), 1).Failure.ShouldBeOfType<InvariantException>().Message.ShouldContain(why);

    private sealed class ByHand(Func<SimRun, Task> act) : Scenario
    {
        public override string Name => "by hand";

        public override Task RunAsync(SimRun run) => act(run);
    }

    private sealed class StubbornActor(SimWorld world, string name) : Actor(world, name)
    {
        protected override async Task RunAsync()
        {
            while (true)
            {
                await PauseAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
            }
        }
    }
}
