using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>A unified server with topics of both durabilities, which crashes and comes back.</summary>
internal sealed class SingleNode : Scenario
{
    public override string Name => "single";

    public override async Task RunAsync(SimRun run)
    {
        SimNode node = run.World.AddNode(EngineOptions.Small);
        run.Watch(alone: true);
        node.Start();
        await run.UntilAsync(() => node.Broker is not null, "the first start");
        run.Supervise();

        int topics = run.Random.Between(1, 3);
        for (int i = 0; i < topics; i++)
        {
            await AddTopicAsync(run, node, $"topic{i}");
        }
        if (run.Random.Chance(0.6))
        {
            AddGroup(run, "group");
        }
        if (run.Random.Chance(0.6))
        {
            run.Add(new OperatorActor(run, "operator", alone: true));
        }
        TimeSpan length = TimeSpan.FromSeconds(run.Random.Between(30, 600));
        await run.WorkAsync(FaultPlan.Draw(run.Random.Fork(), 1, length), length);

        await run.HealAsync();
        await run.FinishAsync(TimeSpan.FromMinutes(5));
        // Until what was sequenced last is durable, and seen.
        await run.Kernel.DelayAsync(TimeSpan.FromSeconds(3));
        await AuditAsync(run, node);
        await BucketAudit.WaitAsync(run);

        // What a power failure now takes with it had not been as durable as was said.
        node.LosePower();
        await run.UntilAsync(() => node.Broker is not null, "the start after the last power failure");
        await AuditAsync(run, node);
    }

    private static async Task AddTopicAsync(SimRun run, SimNode node, string name)
    {
        TopicConfig config = run.Random.Chance(0.3) ? TopicConfig.Default.With("retention.bytes", "20000") : TopicConfig.Default;
        Durability durability = run.Random.Chance(0.7) ? Durability.Local : Durability.Object;
        TopicDescription topic = await node.Broker!.CreateTopicAsync(name, run.Random.Between(1, 3), durability, config, CancellationToken.None);
        run.Model.Topics.Add(new TopicModel(topic));
        for (int p = 0; p < topic.Partitions; p++)
        {
            TopicPartition partition = new(topic.Id, p);
            run.Model[partition].MayExpire = config != TopicConfig.Default;
            run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.p", partition, new ProducerPlan()));
            if (run.Random.Chance(0.4))
            {
                run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.plain", partition, new ProducerPlan { Idempotent = false }));
            }
            if (run.Random.Chance(0.3))
            {
                ProducerPlan weak = new() { Idempotent = false, Acks = run.Random.Chance(0.6) ? Acks.Leader : Acks.None };
                run.Add(new ProducerActor(run.World, run.Model, $"{name}.{p}.weak", partition, weak));
            }
            run.Add(new ReaderActor(
                run.World, run.Model, $"{name}.{p}.r", partition, run.Random.Chance(0.3) ? ReadConsistency.Linearizable : ReadConsistency.Strong));
            ReadConsistency consistency = run.Random.Chance(0.5) ? ReadConsistency.Linearizable : ReadConsistency.Strong;
            run.Add(new EndActor(run.World, run.Model, $"{name}.{p}.e", partition, consistency));
        }
        if (run.Random.Chance(0.35))
        {
            run.Add(new ClientProducerActor(run.World, run.Model, $"{name}.client", topic));
        }
    }

    private static void AddGroup(SimRun run, string name)
    {
        GroupModel group = new(name);
        run.Groups.Add(group);
        int members = run.Random.Between(1, 3);
        for (int i = 0; i < members; i++)
        {
            run.Add(new GroupMemberActor(run.World, run.Model, group, $"{name}.{i}", () => run.Model.Live));
        }
    }

    /// <summary>Holds all that the process serves against all that was promised.</summary>
    public static async Task AuditAsync(SimRun run, SimNode node)
    {
        foreach (GroupModel group in run.Groups)
        {
            await FinalAudit.CheckGroupAsync(run.Model, group, node.Broker!);
        }
        await FinalAudit.CheckTopicsAsync(run.World, run.Model);
        foreach (PartitionModel model in run.Model.Partitions.Values.Where(p => !p.Deleted))
        {
            (long start, List<ulong> records) = await FinalAudit.ReadAsync(node.Broker!, model.Partition);
            FinalAudit.Check(run.Model, model, start, records, node.Broker!.DescribePartition(model.Partition).LeaderEpoch);
        }
        foreach (Lease lease in await run.World.Database.Store.ListLeasesAsync(CancellationToken.None))
        {
            await FinalAudit.CheckManifestAsync(run.World, lease);
        }
    }
}
