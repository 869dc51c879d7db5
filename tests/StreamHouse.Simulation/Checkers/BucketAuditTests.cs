using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Runner;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Leaves objects behind, some of which may stay.</summary>
public sealed class BucketAuditTests
{
    [Fact]
    public void An_orphan_below_the_committed_end_that_stays_is_noticed() => Run(async (run, node, topic) =>
    {
        (await BucketAudit.FindLeftoverAsync(run.World)).ShouldBeNull();
        string orphan = CopyOnlyObject(run);
        (await BucketAudit.FindLeftoverAsync(run.World)).ShouldBe(orphan);
        // The collector leaves it, for its table names the object it was copied from.
        (await Thrown.ByAsync<InvariantException>(() => BucketAudit.WaitAsync(run))).Message.ShouldContain("it was not collected within");
    });

    [Fact]
    public void An_orphan_above_the_committed_end_may_stay() => Run(async (run, node, topic) =>
    {
        CopyOnlyObject(run);
        await run.World.Database.Executor.WriteAsync(sql => sql.Execute("UPDATE partition_leases SET end_offset = 0"), CancellationToken.None);
        (await BucketAudit.FindLeftoverAsync(run.World)).ShouldBeNull();
    });

    [Fact]
    public void The_object_of_a_deleted_topic_is_left_over() => Run(async (run, node, topic) =>
    {
        await node.Broker!.DeleteTopicAsync(topic.Id, CancellationToken.None);
        (await BucketAudit.FindLeftoverAsync(run.World)).ShouldNotBeNull();
        await BucketAudit.WaitAsync(run);
    });

    [Fact]
    public void What_is_not_collected_in_time_is_noticed() => Run(async (run, node, topic) =>
    {
        await node.Broker!.DeleteTopicAsync(topic.Id, CancellationToken.None);
        node.Kill();
        (await Thrown.ByAsync<InvariantException>(() => BucketAudit.WaitAsync(run))).Message.ShouldContain("it was not collected within");
    });

    private static bool IsSegment(string key) => SegmentKeys.TryParseObjectId(key, out _);

    private static string CopyOnlyObject(SimRun run)
    {
        (string key, World.Objects.SimObject stored) = run.World.Bucket.Objects.Single(o => IsSegment(o.Key));
        Guid other = new("55555555-0000-0000-0000-000000000000");
        Guid id = SegmentKeys.TryParseObjectId(key, out Guid found) ? found : default;
        string copy = key.Replace($"{id:D}", $"{other:D}", StringComparison.Ordinal);
        byte[] bytes = [.. stored.Bytes];
        run.World.Bucket.TryPut(copy, bytes, run.Kernel.World).ShouldBeTrue();
        return copy;
    }

    private static void Run(Func<SimRun, SimNode, TopicDescription, Task> act)
    {
        SeedResult result = SeedRun.Run(new ByHand(act), 1);
        result.Failure.ShouldBeNull();
    }

    private sealed class ByHand(Func<SimRun, SimNode, TopicDescription, Task> act) : Scenario
    {
        public override string Name => "by hand";

        public override async Task RunAsync(SimRun run)
        {
            SimNode node = run.World.AddNode(EngineOptions.Small);
            node.Start();
            await run.UntilAsync(() => node.Broker is not null, "the first start");
            TopicDescription topic = await node.Broker!.CreateTopicAsync("t", 1, Durability.Object, TopicConfig.Default, CancellationToken.None);
            long next = 0;
            long now = node.Process.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            await node.Broker.AppendAsync(new TopicPartition(topic.Id, 0), RecordMaker.Make("test", ref next, 1, 0, now, run.Random, -1, 0).Bytes);
            await act(run, node, topic);
        }
    }
}
