using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Shows the audit logs, manifests and topics that must not be.</summary>
public sealed class FinalAuditTests
{
    private readonly LogModel _all = new();
    private readonly PartitionModel _log;

    public FinalAuditTests()
    {
        _log = _all[new TopicPartition(new TopicId(Guid.NewGuid()), 0)];
        _all.Made.UnionWith([50, 51, 52, 53]);
        _log.Learn(0, 50, acknowledged: true, "a producer");
        _log.Learn(1, 51, acknowledged: false, "a reader");
    }

    [Fact]
    public void A_log_with_all_that_is_known_and_more_holds() => FinalAudit.Check(_all, _log, 0, [50, 51, 52]);

    [Fact]
    public void An_acknowledged_or_read_record_that_is_missing_at_the_end_is_noticed()
    {
        Fails(() => FinalAudit.Check(_all, _log, 0, []), "acknowledged at 0 (a producer), is lost: the log ends at 0");
        Fails(() => FinalAudit.Check(_all, _log, 0, [50]), "read at 1 (a reader), is lost: the log ends at 1");
    }

    [Fact]
    public void Another_record_in_the_place_of_a_known_one_is_noticed() =>
        Fails(() => FinalAudit.Check(_all, _log, 0, [50, 52]), "but 0000000000000033 was read there");

    [Fact]
    public void A_record_that_is_in_the_log_twice_is_noticed() => Fails(() => FinalAudit.Check(_all, _log, 0, [50, 51, 50]), "is at offset 0 and");

    [Fact]
    public void A_record_that_nobody_sent_is_noticed() => Fails(() => FinalAudit.Check(_all, _log, 0, [50, 51, 99]), "but nobody has sent it");

    [Fact]
    public void Deleted_records_that_are_there_again_are_noticed()
    {
        _log.AskedStart = 1;
        _log.SeeDeleted(1, start: 1);
        Fails(() => FinalAudit.Check(_all, _log, 0, [50, 51]), "starts at 0, but everything below 1 was deleted");
    }

    [Fact]
    public void A_log_that_begins_later_than_anybody_asked_for_is_noticed() => Fails(() => FinalAudit.Check(_all, _log, 1, [51]), "nobody has asked for");

    [Fact]
    public void Appends_that_no_order_explains_are_noticed()
    {
        _log.Appends.Add(new AppendOperation(50, 1, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), 0));
        _log.Appends.Add(new AppendOperation(51, 1, TimeSpan.FromSeconds(0), TimeSpan.FromSeconds(1), 1));
        Fails(() => FinalAudit.Check(_all, _log, 0, [50, 51]), "no order of its 2 operations");
    }

    [Fact]
    public void An_end_that_does_not_show_what_was_acknowledged_before_is_noticed()
    {
        _log.Appends.Add(new AppendOperation(50, 2, TimeSpan.FromSeconds(0), TimeSpan.FromSeconds(1), 0));
        _log.Ends.Add(new EndOperation(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), 0));
        Fails(() => FinalAudit.Check(_all, _log, 0, [50, 51]), "no order of its 2 operations");
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_to_its_end_is_noticed()
    {
        Fetched empty = new(BrokerErrorCode.None, null, HighWatermark: 4, LogStart: 0, LogEnd: 4, LeaderEpoch: 1, []);
        await FailsAsync(_ => empty, "has nothing at 0, below its high watermark 4");
        await FailsAsync(_ => empty with { Error = BrokerErrorCode.DataDamaged }, "cannot be read at 0: DataDamaged");
        await FailsAsync(offset => empty with { Batches = [.. Batch(0, 2), .. Batch(3, 1)] }, "after 1 comes 3");
        await Thrown.ByAsync<BrokerException>(() => FinalAudit.ReadAsync(_log.Partition, _ => Task.FromResult(empty with { Error = BrokerErrorCode.NotLeader })));
    }

    [Fact]
    public void A_manifest_that_does_not_fit_lease_and_bucket_is_noticed() => Run(async (world, broker, topic) =>
    {
        TopicPartition partition = new(topic.Id, 0);
        await broker.AppendAsync(partition, Batch(0, 1));
        await broker.AppendAsync(partition, Batch(0, 2));
        Lease lease = await FindLeaseAsync();
        lease.EndOffset.ShouldBe(3);
        await FinalAudit.CheckManifestAsync(world, lease);

        await FailsAsync(() => FinalAudit.CheckManifestAsync(world, lease with { EndOffset = 4 }), "the manifest ends at 3 and the lease at 4");
        await world.Database.Executor.WriteAsync(sql => sql.Execute("UPDATE segments SET base_offset = 2 WHERE base_offset = 1"), CancellationToken.None);
        await FailsAsync(() => FinalAudit.CheckManifestAsync(world, lease), "the manifest goes from 1 to 2");
        await world.Database.Executor.WriteAsync(sql => sql.Execute("DELETE FROM segments WHERE base_offset = 0"), CancellationToken.None);
        await FailsAsync(() => FinalAudit.CheckManifestAsync(world, lease), "the log starts at 0");
        world.Bucket.Delete((await world.Database.Store.ListSegmentsAsync(partition, 0, 1, CancellationToken.None))[0].Key);
        await FailsAsync(() => FinalAudit.CheckManifestAsync(world, lease), "which is not in the bucket");

        async Task<Lease> FindLeaseAsync() => (await world.Database.Store.ListLeasesAsync(CancellationToken.None)).Single(l => l.Partition == partition);
    });

    [Fact]
    public void Topics_that_differ_from_what_was_acknowledged_are_noticed() => Run(async (world, broker, topic) =>
    {
        TopicModel known = new(topic);
        await FailsAsync(() => FinalAudit.CheckTopicsAsync(world, _all), "that nobody has, or that was deleted");
        _all.Created(known);
        await FinalAudit.CheckTopicsAsync(world, _all);

        known.Partitions = 2;
        await FailsAsync(() => FinalAudit.CheckTopicsAsync(world, _all), "has 2 partitions");
        known.Partitions = 1;
        known.Config = TopicConfig.Default.With("retention.ms", "5000");
        await FailsAsync(() => FinalAudit.CheckTopicsAsync(world, _all), "has the settings [[retention.ms, 5000]]");
        known.Gone = true;
        Fails(() => known.Check(broker, "a server"), "was deleted, and is known to a server again");
        await FailsAsync(() => FinalAudit.CheckTopicsAsync(world, _all), "that nobody has, or that was deleted");
        TopicModel lost = new(topic with { Id = new TopicId(Guid.NewGuid()), Name = "lost" });
        Fails(() => lost.Check(broker, "a server"), "was created, and is not known to a server");
    });

    private static byte[] Batch(long offset, int count)
    {
        long next = offset;
        byte[] batch = RecordMaker.Make("test", ref next, count, 0, 1000, new SimRandom(1), -1, 0).Bytes;
        StreamHouse.Records.RecordBatchStamp.SetOffset(batch, offset, 1);
        return batch;
    }

    private static void Fails(Action act, string why) => Should.Throw<InvariantException>(act).Message.ShouldContain(why);

    private Task FailsAsync(Func<long, Fetched> fetch, string why) =>
        FailsAsync(() => FinalAudit.ReadAsync(_log.Partition, offset => Task.FromResult(fetch(offset))), why);

    private static async Task FailsAsync(Func<Task> act, string why) => (await Thrown.ByAsync<InvariantException>(act)).Message.ShouldContain(why);

    private static void Run(Func<SimWorld, LocalBroker, TopicDescription, Task> test)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            SimNode node = world.AddNode(EngineOptions.Small);
            node.Start();
            while (node.Broker is null)
            {
                await kernel.DelayAsync(TimeSpan.FromMilliseconds(10));
            }
            await test(world, node.Broker, await node.Broker.CreateTopicAsync("t", 1, Durability.Object, TopicConfig.Default, CancellationToken.None));
        });
    }
}
