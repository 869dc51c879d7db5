using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

public class FetchTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_waiting_read_is_answered_as_soon_as_a_batch_is_durable()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();

        Task<FetchResult> waiting = rig.FetchAsync(topic, 0, wait: TimeSpan.FromMinutes(5));
        await Task.Delay(50);
        waiting.IsCompleted.ShouldBeFalse();
        await rig.AppendAsync(topic, "a");

        using FetchResult result = await waiting.WaitAsync(Soon);
        result.Partitions[0].Bytes.ShouldBeGreaterThan(0);
        result.Partitions[0].HighWatermark.ShouldBe(1);
    }

    [Fact]
    public async Task A_read_that_finds_nothing_ends_when_its_time_is_up()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        long started = TimeProvider.System.GetTimestamp();

        using FetchResult result = await rig.FetchAsync(topic, 0, wait: TimeSpan.FromMilliseconds(150)).WaitAsync(Soon);

        result.Partitions[0].Error.ShouldBe(BrokerErrorCode.None);
        result.Partitions[0].Bytes.ShouldBe(0);
        TimeProvider.System.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(140));
    }

    [Fact]
    public async Task A_read_waits_for_its_minimum_of_bytes()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        Task<FetchResult> waiting = rig.FetchAsync(topic, 0, wait: TimeSpan.FromMinutes(5), bytesMin: 5000);
        await rig.AppendAsync(topic, "a");
        await Task.Delay(50);
        waiting.IsCompleted.ShouldBeFalse();

        await rig.AppendAsync(topic, new string('b', 6000));

        using FetchResult result = await waiting.WaitAsync(Soon);
        result.Partitions[0].Bytes.ShouldBeGreaterThan(6000);
    }

    [Fact]
    public async Task A_read_that_waits_for_more_holds_nothing_of_what_there_is()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        CountingBudget budget = new();
        FetchRequest request = new([new FetchPartition(new TopicPartition(topic.Id, 0), 0, 1 << 20)], 5000, 1 << 20, TimeSpan.FromMinutes(5)) { Budget = budget };

        Task<FetchResult> waiting = rig.Broker.FetchAsync(request, CancellationToken.None).AsTask();
        await EngineRig.UntilAsync(() => budget is { Granted: 1, Held: 0 });
        (waiting.IsCompleted, budget.Granted, budget.Held).ShouldBe((false, 1, 0));
        await rig.AppendAsync(topic, new string('b', 6000));

        using (FetchResult result = await waiting.WaitAsync(Soon))
        {
            result.Partitions[0].Bytes.ShouldBeGreaterThan(6000);
            budget.Held.ShouldBe(result.Partitions[0].Slices[0].Owner.Capacity);
        }
        budget.Held.ShouldBe(0);
    }

    [Fact]
    public async Task A_read_without_room_tells_the_marks_and_has_no_bytes()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        foreach (bool tiered in new[] { false, true })
        {
            if (tiered)
            {
                await rig.TierAsync(topic);
            }
            CountingBudget budget = new() { IsFull = true };
            FetchRequest request = new([new FetchPartition(new TopicPartition(topic.Id, 0), 0, 1 << 20)], 1, 1 << 20, TimeSpan.Zero) { Budget = budget };

            using FetchResult result = await rig.Broker.FetchAsync(request, CancellationToken.None);

            (result.Partitions[0].Error, result.Partitions[0].HighWatermark, result.Partitions[0].Bytes, budget.Held).ShouldBe((BrokerErrorCode.None, 1, 0, 0));
        }
    }

    [Fact]
    public async Task A_cancelled_read_ends_and_leaves_nothing_behind()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        using CancellationTokenSource cancel = new();
        Task<FetchResult> waiting = rig.FetchAsync(topic, 0, wait: TimeSpan.FromMinutes(5), ct: cancel.Token);
        await Task.Delay(50);

        await cancel.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting.WaitAsync(Soon));
        await rig.AppendAsync(topic, "a");
    }

    [Fact]
    public async Task Cancelled_reads_of_objects_keep_no_buffers()
    {
        (await BytesAfterCancelledReadsAsync(1000)).ShouldBe(await BytesAfterCancelledReadsAsync(0));
    }

    // What the pool still has rented when everything that may hold buffers has gone: the arena's slab.
    private static async Task<long> BytesAfterCancelledReadsAsync(int reads)
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            PooledBytesMax = 0,
            Tail = new TailOptions { RetainedBytesMax = 0 },
            Manifest = new ManifestCacheOptions { RowsPerPage = 1, PagesMax = 1 },
        });
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2);
        for (int i = 0; i < 2; i++)
        {
            await rig.AppendAsync(topic, new string('a', 20_000));
            await rig.TierAsync(topic);
        }
        (await rig.Append(topic, EngineRig.Batch([new string('b', 20_000)]), partition: 1)).Error.ShouldBe(BrokerErrorCode.None);
        using (FetchResult first = await rig.FetchAsync(topic, 0, bytesMax: 1))
        {
            first.Partitions[0].Bytes.ShouldBeGreaterThan(20_000);
        }
        // The tail, then a slice whose row and bytes are cached, then one whose row must be asked for: there the cancellation is met.
        FetchRequest request = new(
            [new FetchPartition(new TopicPartition(topic.Id, 1), 0, 1 << 20), new FetchPartition(new TopicPartition(topic.Id, 0), 0, 1 << 20)],
            1, 1 << 20, TimeSpan.Zero);
        for (int i = 0; i < reads; i++)
        {
            await Should.ThrowAsync<OperationCanceledException>(() => rig.Broker.FetchAsync(request, new CancellationToken(canceled: true)).AsTask());
        }
        await rig.Broker.DeleteTopicAsync(topic.Id, CancellationToken.None);
        await rig.Broker.StopAsync(CancellationToken.None);
        return rig.Broker.Buffers.Bytes;
    }

    [Fact]
    public async Task The_first_batch_comes_whole_even_over_the_limit_and_the_next_does_not()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, new string('a', 5000), "second of the batch");
        await rig.AppendAsync(topic, "next");

        foreach (bool tiered in new[] { false, true })
        {
            if (tiered)
            {
                await rig.TierAsync(topic);
                await rig.CrashAsync();
            }
            using FetchResult result = await rig.FetchAsync(topic, 1, bytesMax: 10);
            result.Partitions[0].Bytes.ShouldBeGreaterThan(5000);
            result.Partitions[0].Bytes.ShouldBeLessThan(5300);
        }
    }

    [Fact]
    public async Task Offsets_outside_the_log_and_wrong_epochs_are_told_apart()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        TopicPartition partition = new(topic.Id, 0);
        int epoch = (int)rig.Status(topic).LeaderEpoch;

        (await Error(new FetchPartition(partition, 2, 100))).ShouldBe(BrokerErrorCode.OffsetOutOfRange);
        (await Error(new FetchPartition(partition, -1, 100))).ShouldBe(BrokerErrorCode.OffsetOutOfRange);
        (await Error(new FetchPartition(partition, 1, 100))).ShouldBe(BrokerErrorCode.None);
        (await Error(new FetchPartition(partition, 0, 100, epoch - 1))).ShouldBe(BrokerErrorCode.FencedLeaderEpoch);
        (await Error(new FetchPartition(partition, 0, 100, epoch + 1))).ShouldBe(BrokerErrorCode.UnknownLeaderEpoch);
        (await Error(new FetchPartition(partition, 0, 100, epoch))).ShouldBe(BrokerErrorCode.None);
        (await Error(new FetchPartition(partition with { Partition = 9 }, 0, 100))).ShouldBe(BrokerErrorCode.UnknownPartition);

        async Task<BrokerErrorCode> Error(FetchPartition wanted)
        {
            using FetchResult result = await rig.Broker.FetchAsync(new FetchRequest([wanted], 0, 1000, TimeSpan.Zero), CancellationToken.None);
            return result.Partitions[0].Error;
        }
    }

    [Fact]
    public async Task Negative_waits_and_limits_are_refused()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();

        using FetchResult wait = await rig.FetchAsync(topic, 0, wait: TimeSpan.FromSeconds(-1));
        using FetchResult bytes = await rig.FetchAsync(topic, 0, bytesMax: -1);

        wait.Partitions[0].Error.ShouldBe(BrokerErrorCode.InvalidRequest);
        bytes.Partitions[0].Error.ShouldBe(BrokerErrorCode.InvalidRequest);
    }

    [Fact]
    public async Task Offsets_are_found_by_time_in_objects_and_in_the_tail()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        TopicPartition partition = new(topic.Id, 0);
        await rig.Append(topic, EngineRig.Batch(["a", "b", "c"], timestamp: 1_000));
        await rig.TierAsync(topic);
        await rig.Append(topic, EngineRig.Batch(["d", "e"], timestamp: 2_000));

        (await Find(0)).ShouldBe(0);
        (await Find(1_001)).ShouldBe(1);
        (await Find(1_500)).ShouldBe(3);
        (await Find(2_001)).ShouldBe(4);
        (await Find(9_999)).ShouldBe(-1);
        (await rig.Broker.FindOffsetAsync(partition, OffsetQuery.MaxTimestamp, 0, ReadConsistency.Strong, CancellationToken.None)).ShouldBe(new OffsetResult(4, 2_001, rig.Status(topic).LeaderEpoch));
        (await rig.Broker.FindOffsetAsync(partition, OffsetQuery.Earliest, 0, ReadConsistency.Strong, CancellationToken.None)).Offset.ShouldBe(0);
        (await rig.Broker.FindOffsetAsync(partition, OffsetQuery.Latest, 0, ReadConsistency.Strong, CancellationToken.None)).Offset.ShouldBe(5);

        async Task<long> Find(long timestamp) =>
            (await rig.Broker.FindOffsetAsync(partition, OffsetQuery.ByTimestamp, timestamp, ReadConsistency.Strong, CancellationToken.None)).Offset;
    }

    [Fact]
    public async Task A_missing_object_fails_the_read_by_name_and_leaves_other_partitions_alone()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription first = await rig.CreateTopicAsync("first");
        TopicDescription second = await rig.CreateTopicAsync("second");
        await rig.AppendAsync(first, "a");
        await rig.TierAsync(first);
        string key = (await rig.Broker.ListSegmentsAsync(new TopicPartition(first.Id, 0), 0, 10, CancellationToken.None))[0].Key;
        await rig.AppendAsync(second, "b");
        await rig.TierAsync(second);
        await rig.CrashAsync();
        await rig.Objects.DeleteAsync(key, CancellationToken.None);

        using FetchResult damaged = await rig.FetchAsync(first, 0);
        damaged.Partitions[0].Error.ShouldBe(BrokerErrorCode.DataDamaged);
        damaged.Partitions[0].Message!.ShouldContain(key);
        (await rig.ReadAllAsync(second)).ShouldBe(["0:b"]);
    }

    [Fact]
    public async Task Deleted_records_are_out_of_range_at_once_and_after_a_restart()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a", "b");
        await rig.AppendAsync(topic, "c");

        (await rig.Broker.DeleteRecordsAsync(new TopicPartition(topic.Id, 0), 2, CancellationToken.None).WaitAsync(Soon)).ShouldBe(2);

        (await rig.ReadAllAsync(topic, 2)).ShouldBe(["2:c"]);
        await rig.CrashAsync();
        rig.Status(topic).LogStartOffset.ShouldBe(2);
        using FetchResult below = await rig.FetchAsync(topic, 1);
        below.Partitions[0].Error.ShouldBe(BrokerErrorCode.OffsetOutOfRange);
    }

    [Fact]
    public async Task A_read_from_objects_answers_with_a_high_watermark_above_what_it_read()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        await rig.TierAsync(topic);
        await rig.CrashAsync();
        rig.Metadata.BeforeList = async () =>
        {
            await rig.AppendAsync(topic, "b");
            await rig.TierAsync(topic);
        };

        using FetchResult result = await rig.FetchAsync(topic, 0).WaitAsync(Soon);

        List<string> read = [];
        EngineRig.Decode(result.Partitions[0], 0, read);
        read.ShouldBe(["0:a", "1:b"]);
        result.Partitions[0].HighWatermark.ShouldBe(2);
        result.Partitions[0].LogEndOffset.ShouldBe(2);
    }

    [Fact]
    public async Task A_read_from_objects_of_a_topic_that_is_deleted_meanwhile_stays_below_its_high_watermark()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        await rig.TierAsync(topic);
        await rig.CrashAsync();
        rig.Metadata.BeforeList = async () =>
        {
            await rig.AppendAsync(topic, "b");
            await rig.TierAsync(topic);
            rig.Objects.BeforeRead = () => rig.Broker.DeleteTopicAsync(topic.Id, CancellationToken.None);
        };

        using FetchResult result = await rig.FetchAsync(topic, 0).WaitAsync(Soon);

        List<string> read = [];
        EngineRig.Decode(result.Partitions[0], 0, read);
        read.ShouldBe(["0:a", "1:b"]);
        result.Partitions[0].HighWatermark.ShouldBe(2);
    }

    [Fact]
    public async Task Records_whose_deletion_was_not_answered_are_out_of_range_and_not_damaged()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        await rig.TierAsync(topic);
        await rig.AppendAsync(topic, "b");
        await rig.TierAsync(topic);
        await rig.CrashAsync();
        rig.Metadata.LosesReplyOf = nameof(IManifestStore.AdvanceLogStartAsync);
        await Should.ThrowAsync<BrokerException>(() => rig.Broker.DeleteRecordsAsync(new TopicPartition(topic.Id, 0), 1, CancellationToken.None));
        (await rig.Store.PruneAsync(100, CancellationToken.None)).ShouldBe(1);

        using FetchResult below = await rig.FetchAsync(topic, 0).WaitAsync(Soon);

        below.Partitions[0].Error.ShouldBe(BrokerErrorCode.OffsetOutOfRange);
        below.Partitions[0].LogStartOffset.ShouldBe(1);
        rig.Status(topic).LogStartOffset.ShouldBe(1);
        (await rig.ReadAllAsync(topic, 1)).ShouldBe(["1:b"]);
    }
}
