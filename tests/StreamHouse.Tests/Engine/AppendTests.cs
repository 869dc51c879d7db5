using System.Diagnostics;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

public class AppendTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_is_appended_is_read_back_in_order_at_dense_offsets()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();

        (await rig.AppendAsync(topic, "a", "b")).ShouldBe(0);
        (await rig.AppendAsync(topic, "c")).ShouldBe(2);

        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b", "2:c"]);
        (await rig.ReadAllAsync(topic, 1)).ShouldBe(["1:b", "2:c"]);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_or_shown_before_it_is_synced()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Log.Close();

        Task<AppendResult> answer = rig.Append(topic, EngineRig.Batch(["b"]));
        await Task.Delay(100);

        answer.IsCompleted.ShouldBeFalse();
        rig.Status(topic).HighWatermark.ShouldBe(1);
        rig.Status(topic).LogEndOffset.ShouldBe(2);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);

        rig.Log.Open();
        AppendResult result = await answer.WaitAsync(Soon);
        result.BaseOffset.ShouldBe(1);
        result.Durability.ShouldBe(AckDurability.Local);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b"]);
    }

    [Fact]
    public async Task Acks_leader_is_answered_from_memory_and_says_so()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Log.Close();

        AppendResult result = await rig.Append(topic, EngineRig.Batch(["a"]), acks: Acks.Leader).WaitAsync(Soon);

        result.Error.ShouldBe(BrokerErrorCode.None);
        result.Durability.ShouldBe(AckDurability.Eventual);
        rig.Status(topic).HighWatermark.ShouldBe(0);
    }

    [Fact]
    public async Task A_crash_loses_nothing_that_was_acknowledged_and_raises_the_epoch()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a", "b");
        await rig.TierAsync(topic);
        await rig.AppendAsync(topic, "c");
        long epoch = rig.Status(topic).LeaderEpoch;

        await rig.CrashAsync();

        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b", "2:c"]);
        rig.Status(topic).LeaderEpoch.ShouldBeGreaterThan(epoch);
        (await rig.AppendAsync(topic, "d")).ShouldBe(3);
        (await rig.ReadAllAsync(topic, 2)).ShouldBe(["2:c", "3:d"]);
    }

    [Fact]
    public async Task A_failed_log_refuses_what_waits_and_reports_that_the_process_must_end()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Log.WriteFailure = new IOException("sync failed, says the test");

        AppendResult result = await rig.Append(topic, EngineRig.Batch(["b"])).WaitAsync(Soon);

        result.Error.ShouldBe(BrokerErrorCode.StorageFailed);
        (await rig.Broker.Failed.WaitAsync(Soon)).Message.ShouldContain("says the test");
        rig.Log.WriteFailure = null;
        AppendResult later = await rig.Append(topic, EngineRig.Batch(["c"])).WaitAsync(Soon);
        later.Error.ShouldBe(BrokerErrorCode.StorageFailed);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task A_reader_at_the_end_of_a_closed_partition_waits_as_long_as_it_asked_to()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Log.WriteFailure = new IOException("sync failed, says the test");
        await rig.Append(topic, EngineRig.Batch(["b"])).WaitAsync(Soon);

        long began = Stopwatch.GetTimestamp();
        Task<FetchResult> fetch = rig.FetchAsync(topic, 1, wait: TimeSpan.FromSeconds(2));

        fetch.IsCompleted.ShouldBeFalse("it waits, without reading again and again until its time is over");
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(1.5));
        using FetchResult result = await fetch.WaitAsync(Soon);
        result.Partitions[0].Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Append_time_is_stamped_where_the_topic_says_so()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription create = await rig.CreateTopicAsync("create");
        TopicDescription append = await rig.CreateTopicAsync("append", config: ("message.timestamp.type", "LogAppendTime"));

        (await rig.Append(create, EngineRig.Batch(["a"]))).LogAppendTimeMs.ShouldBe(-1);
        long stamped = (await rig.Append(append, EngineRig.Batch(["a"]))).LogAppendTimeMs;

        stamped.ShouldBeInRange(DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        OffsetResult found = await rig.Broker.FindOffsetAsync(new TopicPartition(append.Id, 0), OffsetQuery.MaxTimestamp, 0, ReadConsistency.Strong, CancellationToken.None);
        found.TimestampMs.ShouldBe(stamped);
        (await rig.ReadAllAsync(append)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task Bad_batches_are_refused_by_reason_and_leave_no_trace()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(config: ("max.message.bytes", "2000"));
        byte[] good = EngineRig.Batch(["a", "b"]);

        (await Refusal(good[..^1])).ShouldBe(BrokerErrorCode.CorruptBatch);
        (await Refusal([.. good, 0])).ShouldBe(BrokerErrorCode.CorruptBatch);
        (await Refusal(Changed(good, good.Length - 1))).ShouldBe(BrokerErrorCode.CorruptBatch);
        (await Refusal(Changed(good, 16))).ShouldBe(BrokerErrorCode.CorruptBatch);
        (await Refusal([1, 2, 3])).ShouldBe(BrokerErrorCode.CorruptBatch);
        (await Refusal(Lying(good))).ShouldBe(BrokerErrorCode.InvalidRecord);
        (await Refusal(EngineRig.Batch([new string('x', 3000)]))).ShouldBe(BrokerErrorCode.BatchTooLarge);
        AppendResult unknown = await rig.Append(topic, good, partition: 7);
        unknown.Error.ShouldBe(BrokerErrorCode.UnknownPartition);

        rig.Status(topic).LogEndOffset.ShouldBe(0);
        (await rig.AppendAsync(topic, "c")).ShouldBe(0);

        async Task<BrokerErrorCode> Refusal(byte[] batch)
        {
            AppendResult result = await rig.Append(topic, batch);
            result.Message.ShouldNotBeNullOrEmpty();
            return result.Error;
        }
    }

    [Fact]
    public async Task Over_the_memory_limit_producers_wait_then_are_refused_and_go_on_in_order_when_objects_are_stored()
    {
        BrokerOptions options = EngineRig.Options with
        {
            Tail = new TailOptions { UntieredBytesMax = 256 << 10, WaitingBytesMax = 200 << 10, RetainedBytesMax = 0 },
        };
        await using EngineRig rig = await EngineRig.StartAsync(options);
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Objects.Close();
        List<Task<AppendResult>> answers = [];
        for (int i = 0; i < 20; i++)
        {
            answers.Add(rig.Append(topic, EngineRig.Batch([new string((char)('a' + i), 40_000)])));
        }
        await Task.Delay(200);

        List<AppendResult> refused = [.. answers.Where(a => a.IsCompletedSuccessfully).Select(a => a.Result).Where(r => r.Error == BrokerErrorCode.Overloaded)];
        refused.Count.ShouldBeInRange(8, 14);
        answers.Count(a => !a.IsCompleted).ShouldBeGreaterThanOrEqualTo(4);

        rig.Objects.Open();
        AppendResult[] all = await Task.WhenAll(answers).WaitAsync(Soon);
        List<AppendResult> accepted = [.. all.Where(r => r.Error == BrokerErrorCode.None)];
        accepted.Select(r => r.BaseOffset).ShouldBe(Enumerable.Range(0, accepted.Count).Select(i => (long)i));
        (await rig.ReadAllAsync(topic)).Count.ShouldBe(accepted.Count);
    }

    [Fact]
    public async Task Without_disk_space_appends_are_refused_retriably_reads_go_on_and_service_resumes()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            NodeLog = new() { FileBytes = 256 << 10, SpaceRetryDelay = TimeSpan.FromMilliseconds(20) },
        });
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Log.Full = true;
        List<AppendResult> results = [];
        for (int i = 0; i < 40 && results.LastOrDefault().Error == BrokerErrorCode.None; i++)
        {
            results.Add(await rig.Append(topic, EngineRig.Batch([new string('x', 50_000)])).WaitAsync(Soon));
        }

        results[^1].Error.ShouldBe(BrokerErrorCode.NoSpace);
        results[^1].Error.IsRetriable().ShouldBeTrue();
        (await rig.ReadAllAsync(topic)).Count.ShouldBe(results.Count - 1);

        rig.Log.Full = false;
        await EngineRig.UntilAsync(async () => (await rig.Append(topic, EngineRig.Batch(["more"]))).Error == BrokerErrorCode.None);
        (await rig.ReadAllAsync(topic)).Count.ShouldBe(results.Count);
    }

    private static byte[] Changed(byte[] batch, int at)
    {
        byte[] changed = [.. batch];
        changed[at] ^= 0x55;
        return changed;
    }

    // Two records that claim to be three, with a checksum that is right.
    private static byte[] Lying(byte[] batch)
    {
        byte[] lie = [.. batch];
        lie[60] = 3;
        lie[26] = 2;
        StreamHouse.Records.RecordBatchStamp.UpdateCrc(lie);
        return lie;
    }
}
