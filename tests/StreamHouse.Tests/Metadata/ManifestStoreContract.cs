using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Metadata;

/// <summary>Commits, segments, log start.</summary>
public abstract class ManifestStoreContract : MetadataStoreContract
{
    [Fact]
    public async Task Committed_slice_is_in_the_manifest_as_it_was_given()
    {
        Lease lease = await LedPartitionAsync();
        ObjectCommit commit = Commit(Id(1), Slice(lease.Partition, lease.Epoch, 0, 10, maxTimestamp: 77));

        (await Store.CommitAsync(commit, Ct)).ShouldBe([SliceOutcome.Committed]);

        SegmentRow row = (await Store.ListSegmentsAsync(lease.Partition, 0, 100, Ct)).ShouldHaveSingleItem();
        row.ShouldBe(new SegmentRow(lease.Partition, 0, 10, lease.Epoch, commit.ObjectId, commit.Key, 4096, 64, 500, 77, 10, Clock.GetUtcNow()));
        (await Store.FindLastSegmentAsync(lease.Partition, Ct)).ShouldBe(row);
        (await Store.ListLeaderEpochsAsync(lease.Partition, Ct)).ShouldBe([new LeaderEpochRow(lease.Epoch, 0)]);
        (await ReadLeaseAsync(lease.Partition)).EndOffset.ShouldBe(10);
        (await Store.CountObjectsAsync(Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task Bytes_are_summed_by_partition_of_live_topics()
    {
        (await Store.ReadSliceBytesAsync(Ct)).ShouldBeEmpty();
        Lease[] leases = await LedPartitionsAsync(3);
        await Store.CommitAsync(Commit(Id(1), Slice(leases[0].Partition, leases[0].Epoch, 0, 10), Slice(leases[1].Partition, leases[1].Epoch, 0, 5)), Ct);
        await Store.CommitAsync(Commit(Id(1), Slice(leases[0].Partition, leases[0].Epoch, 10, 20)), Ct);

        IReadOnlyDictionary<TopicPartition, long> bytes = await Store.ReadSliceBytesAsync(Ct);

        bytes.OrderBy(b => b.Key.Partition).Select(b => (b.Key, b.Value)).ShouldBe([(leases[0].Partition, 1000), (leases[1].Partition, 500)]);
        await Store.DeleteTopicAsync(leases[0].Partition.Topic, Ct);
        (await Store.ReadSliceBytesAsync(Ct)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("epoch below")]
    [InlineData("epoch above")]
    [InlineData("holder")]
    [InlineData("base below")]
    [InlineData("base above")]
    public async Task Commit_that_does_not_match_the_lease_is_fenced_and_leaves_nothing(string wrong)
    {
        Lease lease = await LedPartitionAsync();
        await Store.CommitAsync(Commit(Id(1), Slice(lease.Partition, lease.Epoch, 0, 10)), Ct);
        Guid holder = wrong == "holder" ? Id(2) : Id(1);
        long epoch = lease.Epoch + (wrong == "epoch below" ? -1 : wrong == "epoch above" ? 1 : 0);
        long from = wrong == "base below" ? 9 : wrong == "base above" ? 11 : 10;

        (await Store.CommitAsync(Commit(holder, Slice(lease.Partition, epoch, from, 20)), Ct)).ShouldBe([SliceOutcome.Fenced]);

        (await Store.ListSegmentsAsync(lease.Partition, 0, 100, Ct)).ShouldHaveSingleItem().EndOffset.ShouldBe(10);
        (await ReadLeaseAsync(lease.Partition)).EndOffset.ShouldBe(10);
        (await Store.ListLeaderEpochsAsync(lease.Partition, Ct)).Count.ShouldBe(1);
        (await Store.CountObjectsAsync(Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task A_fenced_slice_does_not_hold_back_the_others_and_outcomes_keep_their_order()
    {
        Lease[] leases = await LedPartitionsAsync(3);
        ObjectCommit commit = Commit(
            Id(1),
            Slice(leases[2].Partition, leases[2].Epoch, 0, 3),
            Slice(leases[0].Partition, leases[0].Epoch + 5, 0, 3),
            Slice(leases[1].Partition, leases[1].Epoch, 0, 3));

        (await Store.CommitAsync(commit, Ct)).ShouldBe([SliceOutcome.Committed, SliceOutcome.Fenced, SliceOutcome.Committed]);

        (await Store.ListSegmentsAsync(leases[0].Partition, 0, 9, Ct)).ShouldBeEmpty();
        (await Store.ListSegmentsAsync(leases[1].Partition, 0, 9, Ct)).Count.ShouldBe(1);
        (await Store.ListSegmentsAsync(leases[2].Partition, 0, 9, Ct)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_same_commit_again_tells_the_same_and_changes_nothing()
    {
        Lease[] leases = await LedPartitionsAsync(2);
        ObjectCommit commit = Commit(Id(1), Slice(leases[0].Partition, leases[0].Epoch, 0, 3), Slice(leases[1].Partition, 99, 0, 3));
        SliceOutcome[] expected = [SliceOutcome.Committed, SliceOutcome.Fenced];
        (await Store.CommitAsync(commit, Ct)).ShouldBe(expected);

        (await Store.CommitAsync(commit, Ct)).ShouldBe(expected);

        // The log has moved on, and the lease as well: what became of the commit is still told.
        await Store.CommitAsync(Commit(Id(1), Slice(leases[0].Partition, leases[0].Epoch, 3, 6)), Ct);
        await Store.TakeLeaseAsync(leases[0].Partition, Id(2), null, leases[0].Epoch, Ct);
        (await Store.CommitAsync(commit, Ct)).ShouldBe(expected);
        (await Store.ListSegmentsAsync(leases[0].Partition, 0, 9, Ct)).Select(s => (s.BaseOffset, s.EndOffset)).ShouldBe([(0, 3), (3, 6)]);
        (await ReadLeaseAsync(leases[0].Partition)).EndOffset.ShouldBe(6);
    }

    [Fact]
    public async Task Claimed_object_id_refuses_the_commit()
    {
        Lease lease = await LedPartitionAsync();
        ObjectCommit commit = Commit(Id(1), Slice(lease.Partition, lease.Epoch, 0, 3));
        (await Store.TombstoneAsync(commit.ObjectId, commit.Key, 1, Ct)).ShouldBeTrue();

        (await Should.ThrowAsync<ObjectTombstonedException>(() => Store.CommitAsync(commit, Ct))).ObjectId.ShouldBe(commit.ObjectId);

        (await ReadLeaseAsync(lease.Partition)).EndOffset.ShouldBe(0);
        (await Store.CommitAsync(commit with { ObjectId = Id(50) }, Ct)).ShouldBe([SliceOutcome.Committed]);
    }

    [Fact]
    public async Task Segments_are_listed_from_the_one_that_holds_the_offset()
    {
        Lease lease = await LedPartitionAsync();
        await CommitRunAsync(lease, 0, 10, 20, 30, 40);

        (await BasesAsync(lease.Partition, 0, 100)).ShouldBe([0, 10, 20, 30]);
        (await BasesAsync(lease.Partition, 10, 100)).ShouldBe([10, 20, 30]);
        (await BasesAsync(lease.Partition, 19, 2)).ShouldBe([10, 20]);
        (await BasesAsync(lease.Partition, 39, 100)).ShouldBe([30]);
        (await BasesAsync(lease.Partition, 40, 100)).ShouldBeEmpty();
        (await Store.FindLastSegmentAsync(lease.Partition, Ct))!.BaseOffset.ShouldBe(30);
        (await Store.FindLastSegmentAsync(new(lease.Partition.Topic, 7), Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task Epochs_keep_the_offset_they_began_at()
    {
        Lease first = await LedPartitionAsync();
        await CommitRunAsync(first, 0, 10, 20);
        Lease second = (await Store.TakeLeaseAsync(first.Partition, Id(1), null, first.Epoch, Ct)).ShouldNotBeNull();
        SliceCommit slice = Slice(first.Partition, second.Epoch, 20, 40) with { BatchEpochs = [new(first.Epoch, 20), new(second.Epoch, 30)] };

        await Store.CommitAsync(Commit(Id(1), slice), Ct);

        (await Store.ListLeaderEpochsAsync(first.Partition, Ct)).ShouldBe([new LeaderEpochRow(first.Epoch, 0), new LeaderEpochRow(second.Epoch, 30)]);
    }

    [Fact]
    public async Task Log_start_moves_forward_only_and_at_most_to_the_committed_end()
    {
        Lease lease = await LedPartitionAsync();
        await CommitRunAsync(lease, 0, 10, 20);

        (await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 10, Ct)).ShouldBe(10);
        (await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 5, Ct)).ShouldBe(10);
        (await Store.AdvanceLogStartAsync(lease.Partition, Id(2), lease.Epoch, 20, Ct)).ShouldBeNull();
        (await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch - 1, 20, Ct)).ShouldBeNull();
        (await ReadLeaseAsync(lease.Partition)).LogStartOffset.ShouldBe(10);
        (await Store.AdvanceLogStartAsync(lease.Partition, Id(1), lease.Epoch, 99, Ct)).ShouldBe(20);
    }

    [Fact]
    public async Task Concurrent_commits_and_take_overs_leave_no_gap_and_no_overlap()
    {
        Lease lease = await LedPartitionAsync();
        await Task.WhenAll(Enumerable.Range(1, 6).Select(i => Task.Run(() => CommitAndStealAsync(lease.Partition, Id(i), new Random(i)))));

        IReadOnlyList<SegmentRow> rows = await Store.ListSegmentsAsync(lease.Partition, 0, 10_000, Ct);
        rows.Count.ShouldBeGreaterThan(6);
        long end = 0;
        long epoch = 0;
        foreach (SegmentRow row in rows)
        {
            row.BaseOffset.ShouldBe(end);
            row.Epoch.ShouldBeGreaterThanOrEqualTo(epoch);
            (end, epoch) = (row.EndOffset, row.Epoch);
        }
        (await ReadLeaseAsync(lease.Partition)).EndOffset.ShouldBe(end);
        (await Store.CountObjectsAsync(Ct)).ShouldBe(rows.Count);
    }

    /// <summary>Commits from what it last saw of the lease, so that it is fenced often, and takes the lease by force now and then.</summary>
    private async Task CommitAndStealAsync(TopicPartition partition, Guid me, Random random)
    {
        Lease seen = await ReadLeaseAsync(partition);
        for (int i = 0; i < 40; i++)
        {
            if (random.Next(3) == 0)
            {
                seen = await Store.TakeLeaseAsync(partition, me, null, seen.Epoch, Ct) ?? await ReadLeaseAsync(partition);
            }
            ObjectCommit commit = Commit(me, Slice(partition, seen.Epoch, seen.EndOffset, seen.EndOffset + 1 + random.Next(5)));
            SliceOutcome outcome = (await Store.CommitAsync(commit, Ct))[0];
            bool present = (await Store.ListSegmentsAsync(partition, 0, 10_000, Ct)).Any(s => s.ObjectId == commit.ObjectId);
            present.ShouldBe(outcome == SliceOutcome.Committed);
            (await Store.CommitAsync(commit, Ct))[0].ShouldBe(outcome);
            seen = outcome == SliceOutcome.Committed ? seen with { EndOffset = commit.Slices[0].EndOffset } : await ReadLeaseAsync(partition);
        }
    }

    private async Task<long[]> BasesAsync(TopicPartition partition, long from, int limit) =>
        [.. (await Store.ListSegmentsAsync(partition, from, limit, Ct)).Select(s => s.BaseOffset)];
}
