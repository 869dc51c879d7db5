using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Lifecycle;

/// <summary>Metadata restored from a backup does not know the newest objects. They look like orphans, and are the only copy of their records.</summary>
public class OldMetadataTests
{
    private static readonly TimeSpan Later = TimeSpan.FromHours(2);

    [Fact]
    public async Task Object_of_an_unknown_topic_stops_everything()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        SegmentObject orphan = await rig.OrphanAsync(await rig.LedAsync(), 0, 10);
        TopicPartition unknown = new(new TopicId(Guid.NewGuid()), 0);
        SegmentObject newer = await rig.UploadAsync((unknown, 1, 0, 10));

        await AssertKeepsAllAsync(rig, newer, orphan);
    }

    [Fact]
    public async Task Object_of_an_unknown_partition_stops_everything()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        SegmentObject newer = await rig.UploadAsync((new TopicPartition(lease.Partition.Topic, 1), 1, 0, 10));

        await AssertKeepsAllAsync(rig, newer, orphan);
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(0, 10)]
    public async Task Object_of_an_epoch_never_given_out_stops_everything(long from, long to)
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        SegmentObject newer = await rig.UploadAsync((lease.Partition, lease.Epoch + 1, from, to));

        await AssertKeepsAllAsync(rig, newer, orphan);
    }

    [Fact]
    public async Task Single_slice_of_many_suffices()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        SegmentObject newer = await rig.UploadAsync((lease.Partition, lease.Epoch, 0, 10), (new TopicPartition(new TopicId(Guid.NewGuid()), 0), 1, 0, 10));

        await AssertKeepsAllAsync(rig, newer, orphan);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Upload_above_the_committed_end_is_kept_until_something_replaces_it(int epochsAgo)
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject cutOff = await rig.UploadAsync(lease, 0, 10);
        for (int i = 0; i < epochsAgo; i++)
        {
            lease = (await rig.Metadata.TakeLeaseAsync(lease.Partition, LifecycleRig.Me, null, lease.Epoch, LifecycleRig.Ct))!;
        }

        await rig.CommitAsync(lease, 0, 9);
        await rig.PassAfterAsync(Later);
        await rig.PassAfterAsync(Later);
        rig.Stored(cutOff).ShouldBeTrue();
        rig.Collector.Halted.ShouldBeFalse("a crash during an upload leaves the same");

        await rig.CommitAsync(lease, 9, 10);
        await rig.PassAfterAsync(Later);
        await rig.PassAfterAsync(Later);
        rig.Stored(cutOff).ShouldBeFalse();
    }

    [Fact]
    public async Task More_uploads_than_a_process_has_in_flight_stop_everything()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        for (int i = 0; i < 64; i++)
        {
            await rig.UploadAsync(lease, 10 + i, 11 + i);
            await rig.UploadAsync(lease, 10 + i, 11 + i);
        }
        await rig.PassAfterAsync(Later);
        rig.Collector.Halted.ShouldBeFalse("each upload may have been tried several times");
        SegmentObject one = await rig.UploadAsync(lease, 74, 75);

        await AssertKeepsAllAsync(rig, one, orphan);
    }

    [Fact]
    public async Task Stop_outlasts_the_evidence()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject newer = await rig.UploadAsync((lease.Partition, lease.Epoch + 1, 0, 10));
        await rig.PassAfterAsync(Later);
        lease = (await rig.Metadata.TakeLeaseAsync(lease.Partition, LifecycleRig.Me, null, lease.Epoch, LifecycleRig.Ct))!;
        await rig.CommitAsync(lease, 0, 10);

        await AssertKeepsAllAsync(rig, newer);
    }

    [Fact]
    public async Task Unreadable_object_is_kept_and_named()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject damaged = await rig.OrphanAsync(lease, 0, 10);
        rig.Objects[damaged.Key][^1] ^= 1;
        SegmentObject moved = await rig.UploadAsync(lease, 0, 5);
        string movedTo = moved.Key.Replace(moved.Id.ToString("D"), Guid.NewGuid().ToString("D"), StringComparison.Ordinal);
        rig.Objects[movedTo] = rig.Objects[moved.Key];

        await rig.PassAfterAsync(Later);
        await rig.PassAfterAsync(Later);

        rig.Stored(damaged).ShouldBeTrue();
        rig.Objects.Keys.ShouldContain(movedTo, "its table says that it is another object");
        rig.Stored(moved).ShouldBeFalse();
        rig.Log.Lines.ShouldContain(l => l.Text.Contains(damaged.Key, StringComparison.Ordinal) && l.Text.Contains("cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unanswered_question_deletes_nothing()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        SegmentObject orphan = await rig.OrphanAsync(await rig.LedAsync(), 0, 10);
        rig.Objects.BeforeRead = (_, _) => throw new ObjectStoreException("away, says the test");

        await Should.ThrowAsync<ObjectStoreException>(() => rig.PassAfterAsync(Later));
        (await rig.Metadata.FilterKnownAsync([orphan.Id], LifecycleRig.Ct)).ShouldBeEmpty();

        rig.Objects.BeforeRead = null;
        await rig.PassAfterAsync(TimeSpan.FromSeconds(1));
        await rig.PassAfterAsync(Later);
        rig.Stored(orphan).ShouldBeFalse("the search that failed is made again at once");
    }

    private static async Task AssertKeepsAllAsync(LifecycleRig rig, SegmentObject newer, SegmentObject? orphan = null)
    {
        int stored = rig.Objects.Keys.Count();
        await rig.PassAfterAsync(Later);
        await rig.PassAfterAsync(Later);

        rig.Collector.Halted.ShouldBeTrue();
        rig.Collector.MetadataIsOld.ShouldBeTrue();
        rig.Objects.Keys.Count().ShouldBe(stored);
        rig.Stored(newer).ShouldBeTrue();
        rig.Log.Errors.ShouldContain(e => e.Contains("this metadata is old", StringComparison.Ordinal));
        if (orphan is not null)
        {
            rig.Stored(orphan).ShouldBeTrue();
        }
    }
}
