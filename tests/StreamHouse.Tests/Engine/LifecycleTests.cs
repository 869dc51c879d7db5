using StreamHouse.Broker;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Tests.Segments;

namespace StreamHouse.Tests.Engine;

/// <summary>Retention, collection and topic deletion in the running engine.</summary>
public class LifecycleTests
{
    private static readonly BrokerOptions Fast = EngineRig.Options with
    {
        Lifecycle = new LifecycleOptions { RetentionInterval = TimeSpan.FromMilliseconds(20), CollectInterval = TimeSpan.FromMilliseconds(20) },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Durability.Local)]
    [InlineData(Durability.Object)]
    public async Task Records_go_when_their_time_has_come_and_their_objects_after_the_delay(Durability durability)
    {
        ShiftedClock clock = new();
        await using EngineRig rig = await EngineRig.StartAsync(Fast, clock);
        TopicDescription topic = await rig.CreateTopicAsync("t", 1, durability, ("retention.ms", "3600000"));
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        await AppendAsync(rig, topic, now - 3_700_000, "old");
        await AppendAsync(rig, topic, now - 3_650_000, "old too");
        await AppendAsync(rig, topic, now, "young");

        await EngineRig.UntilAsync(() => rig.Status(topic).LogStartOffset == 2);
        await UntilSegmentsAsync(rig, topic, 1);
        using (FetchResult below = await rig.FetchAsync(topic, 1))
        {
            below.Partitions[0].Error.ShouldBe(BrokerErrorCode.OffsetOutOfRange);
        }
        (await rig.ReadAllAsync(topic, 2)).ShouldBe(["2:young"]);

        rig.Segments().Count.ShouldBe(3, "a reader with an older manifest may still need them");
        clock.Shift(TimeSpan.FromMinutes(6));
        await EngineRig.UntilAsync(() => rig.Segments().Count == 1);
        (await rig.ReadAllAsync(topic, 2)).ShouldBe(["2:young"]);

        await rig.CrashAsync();
        rig.Status(topic).LogStartOffset.ShouldBe(2);
        (await rig.AppendAsync(topic, "next")).ShouldBe(3);
    }

    [Fact]
    public async Task A_stop_ends_in_order_while_the_metadata_does_not_answer()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");

        rig.Metadata.Unavailable = true;
        await rig.Broker.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        rig.Metadata.Unavailable = false;

        await rig.CrashAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task Log_that_is_too_large_loses_its_oldest_slices()
    {
        ShiftedClock clock = new();
        await using EngineRig rig = await EngineRig.StartAsync(Fast, clock);
        TopicDescription topic = await rig.CreateTopicAsync("t", 1, Durability.Local, ("retention.ms", "-1"), ("retention.bytes", "2500"));
        for (int i = 0; i < 6; i++)
        {
            await AppendAsync(rig, topic, 1000, new string('x', 1000));
        }

        await EngineRig.UntilAsync(() => rig.Status(topic).LogStartOffset == 3);
        await Task.Delay(100, Ct);
        rig.Status(topic).LogStartOffset.ShouldBe(3, "two slices of a little over 1,000 bytes would be less than the limit");
    }

    [Fact]
    public async Task Whole_log_may_expire_and_goes_on_where_it_was()
    {
        ShiftedClock clock = new();
        await using EngineRig rig = await EngineRig.StartAsync(Fast, clock);
        TopicDescription topic = await rig.CreateTopicAsync("t", 1, Durability.Local, ("retention.ms", "1000"));
        await AppendAsync(rig, topic, clock.GetUtcNow().ToUnixTimeMilliseconds(), "a");
        clock.Shift(TimeSpan.FromSeconds(5));

        await EngineRig.UntilAsync(() => rig.Status(topic).LogStartOffset == 1);
        using (FetchResult empty = await rig.FetchAsync(topic, 1))
        {
            empty.Partitions[0].Error.ShouldBe(BrokerErrorCode.None);
            empty.Partitions[0].Bytes.ShouldBe(0);
        }
        (await rig.AppendAsync(topic, "b")).ShouldBe(1);
    }

    [Fact]
    public async Task Topic_whose_creator_gives_up_waiting_is_served_all_the_same()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TaskCompletionSource reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Metadata.AfterCreate = () => reply.Task;
        using CancellationTokenSource caller = new();
        Task<TopicDescription> creation = rig.Broker.CreateTopicAsync("t", 1, Durability.Local, TopicConfig.Default, caller.Token);

        await caller.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(creation);
        reply.SetResult();

        await EngineRig.UntilAsync(() => rig.Broker.FindTopic("t") is not null);
        (await rig.AppendAsync(rig.Broker.FindTopic("t")!, "a")).ShouldBe(0);
    }

    [Fact]
    public async Task Deleted_topics_objects_go_and_another_topics_stay()
    {
        ShiftedClock clock = new();
        await using EngineRig rig = await EngineRig.StartAsync(Fast, clock);
        TopicDescription gone = await rig.CreateTopicAsync("gone");
        TopicDescription kept = await rig.CreateTopicAsync("kept");
        await AppendAsync(rig, gone, 1000, "a");
        await AppendAsync(rig, kept, clock.GetUtcNow().ToUnixTimeMilliseconds(), "b");

        await rig.Broker.DeleteTopicAsync(gone.Id, Ct);
        clock.Shift(TimeSpan.FromMinutes(1));
        await EngineRig.UntilAsync(() => rig.Store.CountPendingDeletesAsync(Ct).Result == 1);
        rig.Segments().Count.ShouldBe(2);
        await EngineRig.UntilAsync(() => rig.Read("streamhouse.collector.pending") == 1);
        clock.Shift(TimeSpan.FromMinutes(6));
        await EngineRig.UntilAsync(() => rig.Segments().Count == 1);

        (await rig.ReadAllAsync(kept)).ShouldBe(["0:b"]);
        await rig.CrashAsync();
        (await rig.ReadAllAsync(kept)).ShouldBe(["0:b"]);
    }

    [Fact]
    public async Task Object_of_newer_metadata_stops_collection_in_sight_of_the_operator()
    {
        ShiftedClock clock = new();
        // The pause between searches is measured by the timestamp, which no shift moves: the first search may come before the object.
        BrokerOptions searching = Fast with { Lifecycle = Fast.Lifecycle with { OrphanScanInterval = TimeSpan.FromMilliseconds(20) } };
        await using EngineRig rig = await EngineRig.StartAsync(searching, clock);
        TopicDescription gone = await rig.CreateTopicAsync("gone");
        await AppendAsync(rig, gone, 1000, "a");
        await EngineRig.UntilAsync(() => rig.Read("streamhouse.collector.halted") == 0);
        using SegmentWorld other = new();
        SegmentBuilder newer = new(Guid.NewGuid(), rig.Broker.Status.ClusterId, Guid.NewGuid(), clock.GetUtcNow());
        newer.AddSlice(other.Slice(0, 1, null, SegmentWorld.Batch(0, 5, 1000)));
        SegmentObject built = newer.Build();
        await rig.Objects.PutAsync(built.Key, built.Content, Ct);

        clock.Shift(TimeSpan.FromHours(2));
        await EngineRig.UntilAsync(() => rig.Read("streamhouse.collector.halted") == 1);
        await rig.Broker.DeleteTopicAsync(gone.Id, Ct);
        await EngineRig.UntilAsync(() => rig.Read("streamhouse.collector.pending") == 1);
        clock.Shift(TimeSpan.FromMinutes(6));
        await Task.Delay(200, Ct);

        rig.Segments().Count.ShouldBe(2);
        rig.Segments().ShouldContain(built.Key);
    }

    [Fact]
    public async Task Object_claimed_before_its_commit_is_uploaded_again_under_a_new_id()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync("t", 1, Durability.Object);
        int claims = 2;
        rig.Metadata.BeforeCommit = async commit =>
        {
            if (claims-- > 0)
            {
                (await rig.Store.TombstoneAsync(commit.ObjectId, commit.Key, commit.Bytes, CancellationToken.None)).ShouldBeTrue();
            }
        };

        (await rig.AppendAsync(topic, "a")).ShouldBe(0);

        rig.Metadata.Commits.Select(c => c.ObjectId).ShouldBeUnique();
        rig.Metadata.Commits.Count.ShouldBe(3);
        SegmentRow row = (await rig.Broker.ListSegmentsAsync(new(topic.Id, 0), 0, 9, Ct)).ShouldHaveSingleItem();
        row.ObjectId.ShouldBe(rig.Metadata.Commits[2].ObjectId);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    private static async Task AppendAsync(EngineRig rig, TopicDescription topic, long timestamp, string value)
    {
        (await rig.Append(topic, EngineRig.Batch([value], timestamp: timestamp))).Error.ShouldBe(BrokerErrorCode.None);
        await rig.TierAsync(topic);
    }

    private static async Task UntilSegmentsAsync(EngineRig rig, TopicDescription topic, int count) =>
        await EngineRig.UntilAsync(() => rig.Broker.ListSegmentsAsync(new(topic.Id, 0), 0, 9, Ct).Result.Count == count);
}

/// <summary>The system's clock, whose hands a test can move forward. Timers run in real time.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _ticks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Shift(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
