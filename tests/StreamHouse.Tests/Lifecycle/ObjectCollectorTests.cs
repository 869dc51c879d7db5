using StreamHouse.Tests.Support;
using System.Globalization;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;
using StreamHouse.Tests.Segments;

namespace StreamHouse.Tests.Lifecycle;

/// <summary>What is deleted, when, and above all what is not.</summary>
public class ObjectCollectorTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_process_whose_clock_is_ahead_deletes_nothing_early_and_forgets_no_tombstone()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        ManualTimeProvider ahead = new();
        ahead.Advance(TimeSpan.FromDays(365));
        ObjectCollector collector = rig.NewCollector(ahead);
        Guid id = new("00000000-0000-4000-8000-0000000000bb");
        string key = SegmentKeys.Mixed(SegmentWorld.Cluster, rig.Clock.GetUtcNow(), id);
        rig.Objects[key] = [1];
        await rig.Metadata.TombstoneAsync(id, key, 1, LifecycleRig.Ct);

        await collector.RunOnceAsync(LifecycleRig.Ct);
        rig.Objects.Keys.ShouldContain(key);

        rig.Clock.Advance(rig.Options.DeleteDelay + TimeSpan.FromSeconds(1));
        await collector.RunOnceAsync(LifecycleRig.Ct);
        rig.Objects.Keys.ShouldNotContain(key);
        await collector.RunOnceAsync(LifecycleRig.Ct);
        (await rig.Metadata.ForgetTombstonesAsync(-TimeSpan.FromDays(1), LifecycleRig.Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task Orphan_gets_a_tombstone_and_goes_only_after_the_delay()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        SegmentObject orphan = await rig.OrphanAsync(await rig.LedAsync(), 0, 10);

        await rig.PassAfterAsync(Hour + Millisecond);
        rig.Stored(orphan).ShouldBeTrue();
        (await rig.Metadata.FilterKnownAsync([orphan.Id], LifecycleRig.Ct)).ShouldBe([orphan.Id]);
        rig.Collector.PendingObjects.ShouldBe(1);

        await rig.PassAfterAsync(Delay);
        rig.Stored(orphan).ShouldBeTrue();
        await rig.PassAfterAsync(Millisecond);
        rig.Stored(orphan).ShouldBeFalse();
        rig.Collector.DeletedObjects.ShouldBe(1);
        rig.Collector.PendingObjects.ShouldBe(0);
        rig.Objects.Keys.Count().ShouldBe(1, "the committed object stays");
    }

    [Fact]
    public async Task Young_object_is_left_alone_by_the_stores_own_clock()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        SegmentObject orphan = await rig.OrphanAsync(await rig.LedAsync(), 0, 10);

        await rig.PassAfterAsync(Hour);
        rig.Collector.UnreferencedObjects.ShouldBe(0);

        rig.Objects.SetLastModified(orphan.Key, rig.Clock.GetUtcNow() + Hour);
        await rig.PassAfterAsync(Hour * 1.5);
        rig.Collector.UnreferencedObjects.ShouldBe(0);

        await rig.PassAfterAsync(Hour);
        rig.Collector.UnreferencedObjects.ShouldBe(1);
    }

    [Fact]
    public async Task Committed_objects_are_never_touched()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        await rig.CommitAsync(lease, 0, 10);
        await rig.CommitAsync(lease, 10, 20);

        await rig.PassAfterAsync(TimeSpan.FromDays(100));
        await rig.PassAfterAsync(TimeSpan.FromDays(100));

        rig.Objects.Keys.Count().ShouldBe(2);
        rig.Collector.UnreferencedObjects.ShouldBe(0);
    }

    [Fact]
    public async Task Late_commit_after_the_tombstone_is_refused_and_one_before_it_wins()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        await rig.PassAfterAsync(Hour + Millisecond);

        await Should.ThrowAsync<ObjectTombstonedException>(() => rig.Metadata.CommitAsync(orphan.ToCommit(LifecycleRig.Me), LifecycleRig.Ct));

        SegmentObject live = await rig.CommitAsync(lease, 10, 20);
        (await rig.Metadata.TombstoneAsync(live.Id, live.Key, live.Bytes, LifecycleRig.Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task Other_prefixes_and_other_names_are_never_touched()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        string ours = SegmentKeys.DataPrefix(SegmentWorld.Cluster);
        string id = SegmentWorld.ObjectId(7).ToString("D", CultureInfo.InvariantCulture);
        string[] keys =
        [
            $"{Guid.NewGuid():D}/data/mixed/{id}.seg", SegmentKeys.Marker(SegmentWorld.Cluster), $"{ours}notes.txt", $"{ours}x/{id}.tmp", $"{ours}x{id}.seg",
            $"{ours}x/{id[..^1]}.seg",
        ];
        foreach (string key in keys)
        {
            await rig.Objects.PutAsync(key, [new byte[10]], LifecycleRig.Ct);
        }

        await rig.PassAfterAsync(TimeSpan.FromDays(1));
        await rig.PassAfterAsync(TimeSpan.FromDays(1));

        rig.Objects.Keys.ShouldBe(keys, ignoreOrder: true);
        rig.Collector.UnreferencedObjects.ShouldBe(0);
    }

    [Fact]
    public async Task Pending_row_with_a_foreign_key_deletes_nothing_and_is_reported()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        string foreign = $"{Guid.NewGuid():D}/data/mixed/{SegmentWorld.ObjectId(7):D}.seg";
        string ours = $"{SegmentKeys.DataPrefix(SegmentWorld.Cluster)}mixed/{SegmentWorld.ObjectId(8):D}.seg";
        foreach (string key in new[] { foreign, ours })
        {
            await rig.Objects.PutAsync(key, [new byte[10]], LifecycleRig.Ct);
        }
        await rig.Metadata.TombstoneAsync(SegmentWorld.ObjectId(7), foreign, 10, LifecycleRig.Ct);
        await rig.Metadata.TombstoneAsync(SegmentWorld.ObjectId(9), ours, 10, LifecycleRig.Ct);

        await rig.PassAfterAsync(TimeSpan.FromMinutes(30));

        rig.Objects.Keys.ShouldBe([foreign, ours], ignoreOrder: true);
        rig.Log.Errors.Count(e => e.Contains(foreign, StringComparison.Ordinal) || e.Contains(ours, StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task Too_many_unreferenced_objects_stop_everything_and_say_so()
    {
        LifecycleOptions options = new() { OrphanAlertObjects = 2, OrphanAlertShare = 0.5 };
        await using LifecycleRig rig = await LifecycleRig.StartAsync(options);
        Lease lease = await rig.LedAsync();
        SegmentObject claimed = await rig.OrphanAsync(lease, 0, 10);
        await rig.PassAfterAsync(Hour + Millisecond);
        rig.Collector.Halted.ShouldBeFalse();

        for (int i = 0; i < 3; i++)
        {
            await rig.UploadAsync(lease, 0, 5);
        }
        await rig.PassAfterAsync(Hour + Millisecond);
        int stored = rig.Objects.Keys.Count();
        await rig.PassAfterAsync(TimeSpan.FromMinutes(30));

        rig.Collector.Halted.ShouldBeTrue();
        rig.Stored(claimed).ShouldBeTrue("nothing is deleted, claimed earlier or not");
        rig.Objects.Keys.Count().ShouldBe(stored);
        rig.Collector.PendingObjects.ShouldBe(1);
        rig.Log.Errors.ShouldContain(e => e.Contains("3 of 5 objects in memory", StringComparison.Ordinal));

        await rig.CommitAsync(lease, 10, 20);
        await rig.CommitAsync(lease, 20, 30);
        await rig.PassAfterAsync(Hour);
        rig.Collector.Halted.ShouldBeFalse("3 of 7 is not more than a half");
    }

    [Fact]
    public async Task Tombstones_are_forgotten_after_their_retention()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject orphan = await rig.OrphanAsync(lease, 0, 10);
        await rig.PassAfterAsync(Hour + Millisecond);
        await rig.PassAfterAsync(Delay + Millisecond);
        rig.Stored(orphan).ShouldBeFalse();

        ObjectCommit late = orphan.ToCommit(LifecycleRig.Me);
        await rig.PassAfterAsync(TimeSpan.FromDays(30));
        await Should.ThrowAsync<ObjectTombstonedException>(() => rig.Metadata.CommitAsync(late, LifecycleRig.Ct));
        await rig.PassAfterAsync(Millisecond);
        (await rig.Metadata.CommitAsync(late, LifecycleRig.Ct)).ShouldBe([SliceOutcome.Fenced]);
    }

    [Fact]
    public async Task Deleted_topics_objects_go_and_a_shared_one_stays_for_the_other_topic()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease gone = await rig.LedAsync("gone");
        Lease kept = await rig.LedAsync("kept");
        SegmentObject own = await rig.CommitAsync(gone, 0, 10);
        SegmentObject shared = await rig.UploadAsync((gone.Partition, gone.Epoch, 10, 20), (kept.Partition, kept.Epoch, 0, 10));
        await rig.Metadata.CommitAsync(shared.ToCommit(LifecycleRig.Me), LifecycleRig.Ct);
        SegmentObject orphan = await rig.UploadAsync(gone, 20, 30);
        await rig.Metadata.DeleteTopicAsync(gone.Partition.Topic, LifecycleRig.Ct);
        await rig.Metadata.PruneAsync(100, LifecycleRig.Ct);

        await rig.PassAfterAsync(Hour + Millisecond);
        rig.Stored(own).ShouldBeFalse();
        await rig.PassAfterAsync(Delay + Millisecond);

        rig.Stored(orphan).ShouldBeFalse();
        rig.Stored(shared).ShouldBeTrue();
        rig.Collector.MetadataIsOld.ShouldBeFalse();
    }

    [Fact]
    public async Task Object_that_cannot_be_deleted_keeps_none_of_the_others()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        SegmentObject[] orphans = [await rig.OrphanAsync(lease, 0, 5), await rig.OrphanAsync(lease, 5, 9), await rig.OrphanAsync(lease, 9, 12)];
        rig.Objects.FailDelete = key => key == orphans[0].Key;
        await rig.PassAfterAsync(Hour + Millisecond);

        await rig.PassAfterAsync(Delay + Millisecond);

        orphans.Select(rig.Stored).ShouldBe([true, false, false]);
        (rig.Collector.PendingObjects, rig.Collector.DeletedObjects).ShouldBe((1, 2));
        rig.Objects.FailDelete = null;
        await rig.PassAfterAsync(Millisecond);
        rig.Stored(orphans[0]).ShouldBeFalse();
    }

    [Fact]
    public async Task Store_that_deletes_nothing_is_asked_a_few_times_in_a_pass_and_no_more()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await rig.LedAsync();
        for (int i = 0; i < 30; i++)
        {
            await rig.OrphanAsync(lease, i, i + 1);
        }
        int asked = 0;
        rig.Objects.FailDelete = _ => ++asked > 0;
        await rig.PassAfterAsync(Hour + Millisecond);

        await rig.PassAfterAsync(Delay + Millisecond);

        asked.ShouldBe(10);
        rig.Collector.PendingObjects.ShouldBe(30);
    }

    [Fact]
    public async Task Orphans_that_are_kept_do_not_hide_those_behind_them()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync(new LifecycleOptions { OrphansPerScanMax = 3, OrphanAlertShare = 1 });
        Lease lease = await rig.LedAsync();
        List<SegmentObject> replaced = [];
        for (int i = 0; i < 5; i++)
        {
            replaced.Add(await rig.OrphanAsync(lease, i, i + 1));
        }
        // Never committed, and nothing has replaced them: these are kept.
        List<SegmentObject> kept = [];
        for (int i = 0; i < 5; i++)
        {
            kept.Add(await rig.UploadAsync(lease, 5, 6));
        }

        for (int pass = 0; pass < 60; pass++)
        {
            await rig.PassAfterAsync(Hour + Millisecond);
        }

        replaced.ShouldAllBe(o => !rig.Stored(o));
        kept.ShouldAllBe(o => rig.Stored(o));
    }

    [Fact]
    public async Task Search_goes_on_over_many_pages()
    {
        LifecycleOptions options = new() { OrphanAlertShare = 1 };
        await using LifecycleRig rig = await LifecycleRig.StartAsync(options);
        Lease lease = await rig.LedAsync();
        await rig.CommitAsync(lease, 0, 5);
        for (int i = 0; i < 2100; i++)
        {
            await rig.UploadAsync(lease, 0, 5);
        }

        await rig.PassAfterAsync(Hour + Millisecond);
        rig.Collector.UnreferencedObjects.ShouldBe(2100);
        await rig.PassAfterAsync(Delay + Millisecond);

        rig.Objects.Keys.Count().ShouldBe(1);
    }
}
