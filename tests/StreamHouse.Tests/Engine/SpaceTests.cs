using System.Diagnostics;
using StreamHouse.Broker;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Tests.Engine;

/// <summary>Appends when there is too little space: in the node log, in memory, in the object store, in the metadata.</summary>
public class SpaceTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly NodeLogOptions TinyLog = new() { FileBytes = 256 << 10, FilesMax = 3 };

    private static readonly TailOptions LittleMemory =
        new() { UntieredBytesMax = 256 << 10, RetainedBytesMax = 0, WaitTimeout = TimeSpan.FromMilliseconds(200) };

    [Fact]
    public async Task A_record_larger_than_the_node_log_takes_is_refused_even_behind_a_waiting_append()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { NodeLog = TinyLog });
        TopicDescription topic = await rig.CreateTopicAsync();
        byte[] tooLarge = EngineRig.Batch([new string('x', 400_000)]);
        (await rig.Append(topic, tooLarge).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.BatchTooLarge);
        rig.Objects.Close();
        Task<AppendResult> waiting = await FillAsync(rig, topic);

        AppendResult refused = await rig.Append(topic, tooLarge).WaitAsync(Soon);

        refused.Error.ShouldBe(BrokerErrorCode.BatchTooLarge);
        refused.Message!.ShouldContain("NodeLog:FileBytes");
        rig.Objects.Open();
        (await waiting.WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.None);
        rig.Broker.Failed.IsCompleted.ShouldBeFalse();
        (await rig.AppendAsync(topic, "goes on")).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_local_topic_cannot_ask_for_larger_batches_than_the_node_log_takes()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { NodeLog = TinyLog });
        (string, string) large = ("max.message.bytes", "300000");
        TopicDescription topic = await rig.CreateTopicAsync("local");

        BrokerException created = await Should.ThrowAsync<BrokerException>(() => rig.CreateTopicAsync("larger", config: large));
        BrokerException altered = await Should.ThrowAsync<BrokerException>(
            () => rig.Broker.SetTopicConfigAsync(topic.Id, topic.Config.With("max.message.bytes", "300000"), CancellationToken.None));

        foreach (BrokerException refused in (BrokerException[])[created, altered])
        {
            refused.Code.ShouldBe(BrokerErrorCode.InvalidConfig);
            refused.Message.ShouldContain("max.message.bytes");
            refused.Message.ShouldContain("NodeLog:FileBytes");
        }
        rig.Broker.FindTopic("larger").ShouldBeNull();
        TopicDescription objects = await rig.CreateTopicAsync("objects", durability: Durability.Object, config: large);
        (await rig.Append(objects, EngineRig.Batch([new string('x', 280_000)])).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.None);
        await rig.Broker.SetTopicConfigAsync(topic.Id, topic.Config.With("retention.ms", "1000000"), CancellationToken.None);
    }

    [Fact]
    public async Task Everything_the_running_server_accepted_can_be_recovered()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            NodeLog = new NodeLogOptions { FileBytes = 32 << 20 },
            Tail = new TailOptions { UntieredBytesMax = 16 << 20 },
        });
        TopicDescription topic = await rig.CreateTopicAsync(config: ("max.message.bytes", "16777216"));
        rig.Objects.Close();
        for (int i = 0; i < 15; i++)
        {
            await rig.AppendAsync(topic, new string((char)('a' + i), 1_000_000));
        }
        await rig.AppendAsync(topic, new string('z', 8_000_000));

        await rig.CrashAsync();

        rig.Status(topic).HighWatermark.ShouldBe(16);
        (await rig.ReadAllAsync(topic, 15)).ShouldHaveSingleItem().Length.ShouldBe(8_000_003);
    }

    [Fact]
    public void However_many_are_admitted_at_once_only_the_last_exceeds_the_limit()
    {
        TailMemory memory = new(new TailOptions { UntieredBytesMax = 100 });

        memory.TryAdmit(60).ShouldBeTrue();
        memory.TryAdmit(60).ShouldBeTrue("there is some space left");
        memory.TryAdmit(1).ShouldBeFalse("the two are on their way");
        memory.Entered(60);
        memory.TryAdmit(1).ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_append_that_waited_too_long_is_refused_with_the_error_that_kept_it_waiting(bool full)
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Tail = LittleMemory });
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Objects.Failing = (full ? new ObjectStoreFullException("disk full, says the test") : new ObjectStoreException("503, says the test"), false);

        AppendResult refused = await (await FillAsync(rig, topic)).WaitAsync(Soon);

        refused.Error.ShouldBe(full ? BrokerErrorCode.NoSpace : BrokerErrorCode.Overloaded);
        refused.Message!.ShouldContain("says the test");
        rig.Read("streamhouse.append.waiting").ShouldBe(0);
        rig.Objects.Failing = null;
        await EngineRig.UntilAsync(async () => (await rig.Append(topic, EngineRig.Batch(["more"]))).Error == BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_full_metadata_store_is_named_to_producers_that_waited_too_long()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Tail = LittleMemory });
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Metadata.BeforeCommit = _ => throw new BrokerException(BrokerErrorCode.NoSpace, "metadata full, says the test");

        AppendResult refused = await (await FillAsync(rig, topic)).WaitAsync(Soon);

        refused.Error.ShouldBe(BrokerErrorCode.NoSpace);
        refused.Message!.ShouldContain("metadata full, says the test");
        rig.Metadata.BeforeCommit = null;
        await EngineRig.UntilAsync(async () => (await rig.Append(topic, EngineRig.Batch(["more"]))).Error == BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_store_that_is_only_slow_lets_appends_wait_no_longer_than_allowed()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Tail = LittleMemory });
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Objects.Close();

        AppendResult refused = await (await FillAsync(rig, topic)).WaitAsync(Soon);

        refused.Error.ShouldBe(BrokerErrorCode.Overloaded);
        refused.Message!.ShouldContain("0.2 s");
    }

    [Fact]
    public async Task Producers_of_object_topics_hear_that_uploads_fail_and_what_was_taken_on_is_kept_once()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Tail = new TailOptions { WaitTimeout = TimeSpan.FromMilliseconds(200) } });
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        rig.Objects.Failing = (new ObjectStoreFullException("bucket full, says the test"), false);
        byte[] first = EngineRig.Batch(["a"], producer: 7, sequence: 0);

        AppendResult unknown = await rig.Append(topic, [.. first]).WaitAsync(Soon);
        AppendResult again = await rig.Append(topic, [.. first]).WaitAsync(Soon);
        // Longer than the wait that is allowed: from now on nothing new is taken on.
        await Task.Delay(300);
        AppendResult next = await rig.Append(topic, EngineRig.Batch(["b"], producer: 7, sequence: 1)).WaitAsync(Soon);

        unknown.Error.ShouldBe(BrokerErrorCode.TimedOut);
        unknown.Message!.ShouldContain("bucket full, says the test");
        again.Error.ShouldBe(BrokerErrorCode.TimedOut);
        next.Error.ShouldBe(BrokerErrorCode.NoSpace);
        rig.Objects.Failing = null;
        await EngineRig.UntilAsync(async () => await rig.Append(topic, [.. first]) is { Error: BrokerErrorCode.None, BaseOffset: 0 });
        (await rig.Append(topic, EngineRig.Batch(["b"], producer: 7, sequence: 1)).WaitAsync(Soon)).BaseOffset.ShouldBe(1);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b"]);
    }

    [Fact]
    public async Task A_tiny_log_of_small_frames_is_tiered_before_appends_stall()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { NodeLog = TinyLog });
        TopicDescription topic = await rig.CreateTopicAsync();
        TimeSpan longest = default;
        for (int i = 0; i < 600; i++)
        {
            long started = Stopwatch.GetTimestamp();
            await rig.AppendAsync(topic, $"{i}");
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            longest = took > longest ? took : longest;
        }

        longest.ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Local_uploads_begin_before_the_log_is_full()
    {
        BrokerOptions options = new() { NodeLog = TinyLog, LocalUploads = UploadOptions.ForLocal };

        options.LocalUploadsInForce.FlushBytes.ShouldBe(3 * (256 << 10) / 4);
        new BrokerOptions().LocalUploadsInForce.FlushBytes.ShouldBe(UploadOptions.ForLocal.FlushBytes);
    }

    /// <summary>Appends until one has to wait, and returns its answer to be.</summary>
    private static async Task<Task<AppendResult>> FillAsync(EngineRig rig, TopicDescription topic)
    {
        string[] record = [new('x', 40_000)];
        for (int i = 0; i < 100; i++)
        {
            Task<AppendResult> answer = rig.Append(topic, EngineRig.Batch(record));
            await Task.WhenAny(answer, Task.Delay(100));
            // On a busy machine it may have waited to its end before anybody looked.
            if (!answer.IsCompleted || (await answer).Error != BrokerErrorCode.None)
            {
                return answer;
            }
        }
        throw new InvalidOperationException("Nothing had to wait.");
    }
}
