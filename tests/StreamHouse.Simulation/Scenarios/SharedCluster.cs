using StreamHouse.Broker;
using StreamHouse.Broker.Leases;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Several processes that contend for the leases of object topics, with clocks that disagree and somebody who takes leases by force.</summary>
internal sealed class SharedCluster : Scenario
{
    public override string Name => "cluster";

    public override async Task RunAsync(SimRun run)
    {
        run.World.ClocksAgree = false;
        run.World.Clocks = process => SetClocks(process, run.Random);
        run.Watch();
        int nodes = run.Random.Between(2, 3);
        for (int i = 0; i < nodes; i++)
        {
            run.World.AddNode(EngineOptions.Small, name => new ClusterMembership { AgentId = name }).Start();
        }
        run.Supervise();
        await run.UntilAsync(() => run.World.Nodes.All(n => n.Broker is not null), "the first start");

        int topics = run.Random.Between(1, 2);
        for (int i = 0; i < topics; i++)
        {
            await AddTopicAsync(run, $"topic{i}");
        }
        run.Add(new FencerActor(run.World, "fencer"));
        if (run.Random.Chance(0.6))
        {
            run.Add(new OperatorActor(run, "operator", alone: false));
        }
        TimeSpan length = TimeSpan.FromSeconds(run.Random.Between(30, 400));
        await run.WorkAsync(FaultPlan.Draw(run.Random.Fork(), nodes, length), length);

        await run.HealAsync();
        await run.FinishAsync(TimeSpan.FromMinutes(5));
        // Until everybody has seen the last changes of topics.
        await run.Kernel.DelayAsync(TimeSpan.FromSeconds(10));
        await FinalAudit.CheckTopicsAsync(run.World, run.Model);
        await BucketAudit.WaitAsync(run);
        foreach (PartitionModel model in run.Model.Partitions.Values.Where(p => !p.Deleted))
        {
            (long start, List<ulong> records) = await ReadFromLeaderAsync(run, model.Partition);
            FinalAudit.Check(run.Model, model, start, records);
        }
        foreach (Lease lease in await run.World.Database.Store.ListLeasesAsync(CancellationToken.None))
        {
            await FinalAudit.CheckManifestAsync(run.World, lease);
        }
    }

    private static void SetClocks(SimProcess process, SimRandom random)
    {
        process.Clock.Skew = TimeSpan.FromSeconds(random.Between(-600, 600));
        process.Clock.Rate = 1 + ((random.NextDouble() - 0.5) * 0.04);
    }

    private static async Task AddTopicAsync(SimRun run, string name)
    {
        LocalBroker broker = run.World.Nodes[0].Broker!;
        TopicDescription topic = await broker.CreateTopicAsync(name, run.Random.Between(1, 3), Durability.Object, TopicConfig.Default, CancellationToken.None);
        run.Model.Topics.Add(new TopicModel(topic));
        for (int p = 0; p < topic.Partitions; p++)
        {
            TopicPartition partition = new(topic.Id, p);
            run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.p", partition, new ProducerPlan()));
            // Who waits long for a leader that cannot commit does not find its successor while it still serves what it has.
            ProducerPlan impatient = new() { Idempotent = false, Timeout = TimeSpan.FromSeconds(2) };
            run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.plain", partition, impatient));
            if (run.Random.Chance(0.3))
            {
                ProducerPlan weak = new() { Idempotent = false, Acks = run.Random.Chance(0.6) ? Acks.Leader : Acks.None };
                run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.weak", partition, weak));
            }
            run.Add(new ReaderActor(run.World, run.Model, $"{name}.{p}.r", partition));
            run.Add(new ReaderActor(run.World, run.Model, $"{name}.{p}.lr", partition, ReadConsistency.Linearizable));
            run.Add(new EndActor(run.World, run.Model, $"{name}.{p}.e", partition, ReadConsistency.Linearizable));
        }
    }

    private static async Task<(long Start, List<ulong> Records)> ReadFromLeaderAsync(SimRun run, TopicPartition partition)
    {
        TimeSpan until = run.Kernel.Now + TimeSpan.FromMinutes(2);
        while (run.Kernel.Now < until)
        {
            try
            {
                if (await FindLeaderAsync(run, partition) is { } leader)
                {
                    return await FinalAudit.ReadAsync(leader, partition);
                }
            }
            catch (BrokerException)
            {
                // It has just lost the lease: there will be another.
            }
            await run.Kernel.DelayAsync(TimeSpan.FromMilliseconds(200));
        }
        throw new InvariantException($"No progress: nobody leads {partition} in a healthy world.");
    }

    // Who serves under the lease as the metadata has it, not who believes to lead.
    private static async Task<LocalBroker?> FindLeaderAsync(SimRun run, TopicPartition partition)
    {
        long epoch = (await run.World.Database.Store.ListLeasesAsync(CancellationToken.None)).Single(l => l.Partition == partition).Epoch;
        foreach (SimNode node in run.World.Nodes)
        {
            if (node.Broker is { } broker && broker.FindTopic(partition.Topic) is not null
                && broker.DescribePartitions(partition.Topic)[partition.Partition] is { Online: true } status && status.LeaderEpoch == epoch)
            {
                return broker;
            }
        }
        return null;
    }
}
