using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Metadata;

/// <summary>Pruning, tombstones and what may be deleted.</summary>
public abstract class ObjectLedgerContract : MetadataStoreContract
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Pruning_removes_what_lies_below_the_log_start()
    {
        Lease lease = await LedPartitionAsync();
        Guid[] objects = await CommitRunAsync(lease, 0, 10, 20, 30);
        await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 15, Ct);

        (await Store.PruneAsync(100, Ct)).ShouldBe(1);

        (await Store.ListSegmentsAsync(lease.Partition, 0, 9, Ct)).Select(s => s.BaseOffset).ShouldBe([10, 20]);
        Clock.Advance(Minute);
        (await PendingAsync()).ShouldBe([objects[0]]);
        (await Store.CountObjectsAsync(Ct)).ShouldBe(2);
    }

    [Fact]
    public async Task Pruning_keeps_the_newest_row_for_its_producer_snapshot()
    {
        Lease lease = await LedPartitionAsync();
        await CommitRunAsync(lease, 0, 10, 20);
        await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 20, Ct);

        (await Store.PruneAsync(100, Ct)).ShouldBe(1);
        (await Store.PruneAsync(100, Ct)).ShouldBe(0);

        (await Store.FindLastSegmentAsync(lease.Partition, Ct))!.BaseOffset.ShouldBe(10);
    }

    [Fact]
    public async Task Pruning_stops_at_its_limit_and_goes_on_next_time()
    {
        Lease lease = await LedPartitionAsync();
        await CommitRunAsync(lease, 0, 1, 2, 3, 4, 5, 6);
        await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 6, Ct);

        (await Store.PruneAsync(2, Ct)).ShouldBe(2);
        (await Store.PruneAsync(2, Ct)).ShouldBe(2);
        (await Store.PruneAsync(2, Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task Object_stays_live_while_any_slice_of_it_is_in_use()
    {
        Lease[] leases = await LedPartitionsAsync(2);
        ObjectCommit shared = Commit(Id(1), Slice(leases[0].Partition, leases[0].Epoch, 0, 5), Slice(leases[1].Partition, leases[1].Epoch, 0, 5));
        await Store.CommitAsync(shared, Ct);
        foreach (Lease lease in leases)
        {
            await Store.CommitAsync(Commit(Id(1), Slice(lease.Partition, lease.Epoch, 5, 9)), Ct);
        }

        await Store.AdvanceLogStartAsync(leases[0].Partition, Id(1), leases[0].Epoch, 5, Ct);
        (await Store.PruneAsync(100, Ct)).ShouldBe(1);
        Clock.Advance(Minute);
        (await PendingAsync()).ShouldBeEmpty();

        await Store.AdvanceLogStartAsync(leases[1].Partition, Id(1), leases[1].Epoch, 5, Ct);
        (await Store.PruneAsync(100, Ct)).ShouldBe(1);
        Clock.Advance(Minute);
        (await PendingAsync()).ShouldBe([shared.ObjectId]);
    }

    [Fact]
    public async Task Deleted_topic_is_pruned_whole_and_nothing_else_is()
    {
        Lease lease = await LedPartitionAsync();
        TopicDescription other = await CreateTopicAsync("other");
        Lease kept = await TakeAsync(new(other.Id, 0), Id(1));
        await CommitRunAsync(lease, 0, 10, 20);
        await CommitRunAsync(kept, 0, 10, 20);
        await Store.CommitOffsetsAsync("g", [new GroupOffset(kept.Partition, 5, -1, null, Clock.GetUtcNow())], Ct);
        await Store.DeleteTopicAsync(lease.Partition.Topic, Ct);

        (await Store.PruneAsync(1, Ct)).ShouldBe(1);
        (await Store.ListDeletedTopicsAsync(Ct)).ShouldBe([lease.Partition.Topic]);
        (await Store.PruneAsync(100, Ct)).ShouldBe(1);

        (await Store.ListDeletedTopicsAsync(Ct)).ShouldBeEmpty();
        (await Store.ListLeasesAsync(Ct)).ShouldHaveSingleItem().Partition.ShouldBe(kept.Partition);
        (await Store.ListLeaderEpochsAsync(lease.Partition, Ct)).ShouldBeEmpty();
        (await Store.ListSegmentsAsync(kept.Partition, 0, 9, Ct)).Count.ShouldBe(2);
        (await Store.FetchOffsetsAsync("g", Ct)).Count.ShouldBe(1);
        Clock.Advance(Minute);
        (await PendingAsync()).Length.ShouldBe(2);

        // Its group ids stay used: a node log may still hold entries of the topic.
        TopicDescription next = await CreateTopicAsync("next");
        (await ReadLeaseAsync(new(next.Id, 0))).GroupId.ShouldBeGreaterThan(Math.Max(lease.GroupId, kept.GroupId));
    }

    [Fact]
    public async Task Pruned_leases_leave_the_groups_a_node_log_may_hold()
    {
        TopicDescription local = await CreateTopicAsync("local");
        TopicDescription untaken = await CreateTopicAsync("untaken");
        TopicDescription other = await CreateTopicAsync("object", durability: Durability.Object);
        Lease taken = (await Store.TakeLeaseAsync(new(local.Id, 0), Id(1), Id(7), null, Ct)).ShouldNotBeNull();
        await Store.TakeLeaseAsync(new(other.Id, 0), Id(1), Id(7), null, Ct);
        foreach (TopicDescription topic in new[] { local, untaken, other })
        {
            await Store.DeleteTopicAsync(topic.Id, Ct);
        }
        (await Store.ListDeletedGroupsAsync(Ct)).ShouldBeEmpty("their leases are still there");

        await Store.PruneAsync(100, Ct);
        (await Store.ListLeasesAsync(Ct)).ShouldBeEmpty();
        (await Store.ListDeletedGroupsAsync(Ct)).ShouldBe([new DeletedGroup(taken.GroupId, Id(7))]);

        await Store.ForgetDeletedGroupsAsync([taken.GroupId], Ct);
        (await Store.ListDeletedGroupsAsync(Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Live_object_cannot_be_claimed()
    {
        Lease lease = await LedPartitionAsync();
        Guid live = (await CommitRunAsync(lease, 0, 10))[0];

        (await Store.TombstoneAsync(live, "key", 1, Ct)).ShouldBeFalse();

        Clock.Advance(Minute);
        (await PendingAsync()).ShouldBeEmpty();
        (await Store.FindLastSegmentAsync(lease.Partition, Ct))!.ObjectId.ShouldBe(live);
    }

    [Fact]
    public async Task Claim_becomes_due_after_its_delay_and_claiming_again_does_not_postpone_it()
    {
        await Store.TombstoneAsync(Id(5), "key", 12, Ct);
        Clock.Advance(Minute);
        (await Store.TombstoneAsync(Id(5), "key", 12, Ct)).ShouldBeTrue();

        (await Store.ListPendingDeletesAsync(Minute, 10, Ct)).ShouldBeEmpty();
        (await Store.ListPendingDeletesAsync(Minute - TimeSpan.FromMilliseconds(1), 10, Ct)).ShouldBe([new PendingObject(Id(5), "key", 12)]);
    }

    [Fact]
    public async Task Deleted_object_keeps_its_tombstone_until_forgotten()
    {
        Lease lease = await LedPartitionAsync();
        await Store.TombstoneAsync(Id(5), "key", 12, Ct);
        Clock.Advance(Minute);
        await Store.MarkDeletedAsync([Id(5)], Ct);
        Clock.Advance(Minute);

        (await PendingAsync()).ShouldBeEmpty();
        ObjectCommit late = Commit(Id(5), Id(1), [Slice(lease.Partition, lease.Epoch, 0, 3)]);
        await Should.ThrowAsync<ObjectTombstonedException>(() => Store.CommitAsync(late, Ct));
        (await Store.ForgetTombstonesAsync(Minute, Ct)).ShouldBe(0);
        (await Store.ForgetTombstonesAsync(Minute - TimeSpan.FromMilliseconds(1), Ct)).ShouldBe(1);
        (await Store.CommitAsync(late, Ct)).ShouldBe([SliceOutcome.Committed]);
    }

    [Fact]
    public async Task Object_that_appears_again_after_its_deletion_is_claimed_anew()
    {
        await Store.TombstoneAsync(Id(5), "key", 12, Ct);
        Clock.Advance(Minute);
        await Store.MarkDeletedAsync([Id(5)], Ct);
        (await Store.FilterKnownAsync([Id(5)], Ct)).ShouldBeEmpty();

        (await Store.TombstoneAsync(Id(5), "key", 12, Ct)).ShouldBeTrue();

        Clock.Advance(Minute);
        (await PendingAsync()).ShouldBe([Id(5)]);
    }

    [Fact]
    public async Task Known_are_live_and_waiting_objects()
    {
        Lease lease = await LedPartitionAsync();
        Guid live = (await CommitRunAsync(lease, 0, 10))[0];
        await Store.TombstoneAsync(Id(5), "key", 12, Ct);

        (await Store.FilterKnownAsync([live, Id(5), Id(6)], Ct)).ShouldBe([live, Id(5)], ignoreOrder: true);
        (await Store.FilterKnownAsync([], Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Live_objects_are_never_marked_deleted_nor_forgotten()
    {
        Lease lease = await LedPartitionAsync();
        Guid live = (await CommitRunAsync(lease, 0, 10))[0];

        await Store.MarkDeletedAsync([live], Ct);

        (await Store.ForgetTombstonesAsync(-Minute, Ct)).ShouldBe(0);
        (await Store.CountObjectsAsync(Ct)).ShouldBe(1);
        (await Store.FilterKnownAsync([live], Ct)).ShouldBe([live]);
    }

    private async Task<Guid[]> PendingAsync() => [.. (await Store.ListPendingDeletesAsync(TimeSpan.Zero, 100, Ct)).Select(p => p.ObjectId)];
}
