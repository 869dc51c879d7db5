using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Metadata;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Shows the watch transactions of leases and manifest that must never take effect, one rule each.</summary>
public sealed class ManifestWatchTests
{
    private static readonly Guid Holder = new("11111111-0000-0000-0000-000000000000");
    private static readonly Guid Other = new("22222222-0000-0000-0000-000000000000");
    private static readonly Guid Cluster = new("33333333-0000-0000-0000-000000000000");
    private static readonly TopicPartition Partition = new(new TopicId(new Guid("44444444-0000-0000-0000-000000000000")), 0);

    [Fact]
    public void Slices_that_follow_one_another_under_the_lease_in_force_hold() => Run(w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0);
        w.Commit(Holder, 1, 2);
        w.Take(Other, 2, 4);
        w.Commit(Other, 2, 4);
        w.Watch.Slices.ShouldBe(3);
    });

    [Fact]
    public void An_epoch_taken_twice_is_noticed() => Fails("took the lease at epoch 1, after", w =>
    {
        w.Take(Holder, 1, 0);
        w.Take(Other, 1, 0);
    });

    [Fact]
    public void A_lease_taken_below_what_is_committed_is_noticed() => Fails("taken at end 0, but what is committed ends at 2", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0);
        w.Take(Other, 2, 0);
    });

    [Fact]
    public void A_slice_of_a_former_holder_is_noticed() => Fails("leads at 2", w =>
    {
        w.Take(Holder, 1, 0);
        w.Take(Other, 2, 0);
        w.Commit(Holder, 1, 0);
    });

    [Fact]
    public void A_slice_that_leaves_a_gap_is_noticed() => Fails("was committed after 0", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 2);
    });

    [Fact]
    public void A_slice_of_a_deleted_topic_is_noticed() => Fails("although the topic was deleted", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0);
        w.See(nameof(ITopicStore.DeleteTopicAsync), Partition.Topic, true);
        w.Commit(Holder, 1, 2);
    });

    [Fact]
    public void A_slice_in_an_object_that_does_not_exist_is_noticed() => Fails("which is not in the bucket", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0, stored: false);
    });

    [Fact]
    public void A_slice_without_its_last_record_is_noticed() => Fails("ends at 2, its slice at 3", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0, end: 3);
    });

    [Fact]
    public void A_slice_with_other_offsets_than_it_says_is_noticed() => Fails("goes from -1 to 1", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0, written: 1);
    });

    [Fact]
    public void A_slice_with_another_record_than_clients_know_is_noticed() => Fails("a reader had", w =>
    {
        w.Model[Partition].Learn(1, 77, acknowledged: false, "a reader");
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0);
    });

    [Fact]
    public void A_slice_fenced_where_nobody_contends_is_noticed() => Fails("although nobody else takes leases", w =>
    {
        w.Take(Holder, 1, 0);
        w.Commit(Holder, 1, 0, outcome: SliceOutcome.Fenced);
    });

    [Fact]
    public void A_slice_fenced_after_its_process_gave_up_its_leases_holds() => Run(w =>
    {
        w.Take(Holder, 1, 0);
        w.See(nameof(ILeaseStore.CloseSessionAsync), Holder, true);
        w.Commit(Holder, 1, 0, outcome: SliceOutcome.Fenced);
    });

    [Fact]
    public void A_session_renewed_after_it_expired_is_noticed() => Fails("after it had expired", w =>
    {
        w.See(nameof(ILeaseStore.RegisterSessionAsync), (Holder, (TimeSpan?)TimeSpan.FromSeconds(-1)), true);
        w.See(nameof(ILeaseStore.RenewSessionAsync), (Holder, (TimeSpan?)TimeSpan.FromSeconds(5)), true);
    });

    [Fact]
    public void An_orphan_deleted_before_its_delay_is_noticed()
    {
        string key = Broker.Segments.SegmentKeys.Single(Cluster, Partition, 0, Guid.NewGuid());
        Deletes(key, TimeSpan.FromMinutes(7));
        Should.Throw<InvariantException>(() => Deletes(key, TimeSpan.FromMinutes(6))).Message.ShouldContain("deleted as an orphan at an age of");
    }

    private static void Deletes(string key, TimeSpan age) => Run(w => w.Watch.SeeDeleted(key, age));

    private static void Fails(string why, Action<Watched> act) => Run(w => Should.Throw<InvariantException>(() => act(w)).Message.ShouldContain(why));

    private static void Run(Action<Watched> act)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            act(new Watched(world));
            // Until a failure that was only noted has ended the run.
            await kernel.DelayAsync(TimeSpan.FromSeconds(1));
        });
    }

    private sealed class Watched
    {
        private readonly SimWorld _world;
        private long _next;

        public Watched(SimWorld world)
        {
            _world = world;
            Watch = new ManifestWatch(world, Model) { Alone = true };
        }

        public LogModel Model { get; } = new();

        public ManifestWatch Watch { get; }

        public void See(string name, object? argument, object? result) => Watch.See(new SimTransaction(_world.Kernel.World, name, argument, result));

        public void Take(Guid holder, long epoch, long end) =>
            See(nameof(ILeaseStore.TakeLeaseAsync), null, new Lease(Partition, 1, epoch, holder, null, end, 0, false));

        public void Commit(
            Guid holder, long epoch, long offset, long? end = null, long? written = null, bool stored = true, SliceOutcome outcome = SliceOutcome.Committed)
        {
            byte[] batch = RecordMaker.Make("test", ref _next, 2, 0, 1000, new SimRandom(1), -1, 0).Bytes;
            StreamHouse.Records.RecordBatchStamp.SetOffset(batch, written ?? offset, (int)epoch);
            Guid id = Guid.NewGuid();
            string key = Broker.Segments.SegmentKeys.Single(Cluster, Partition, offset, id);
            if (stored)
            {
                _world.Bucket.TryPut(key, batch, _world.Kernel.World);
            }
            SliceCommit slice = new(Partition, epoch, offset, end ?? offset + 2, 0, batch.Length, 1000, 2, []);
            See(nameof(IManifestStore.CommitAsync), new ObjectCommit(id, key, batch.Length, holder, [slice]), (IReadOnlyList<SliceOutcome>)[outcome]);
        }
    }
}
