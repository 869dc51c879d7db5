using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

public class IdempotenceTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_duplicate_of_a_pending_batch_waits_for_the_same_sync_and_gets_the_original_offset()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "before");
        rig.Log.Close();
        byte[] batch = EngineRig.Batch(["a", "b"], producer: 5, sequence: 0);

        Task<AppendResult> first = rig.Append(topic, [.. batch]);
        Task<AppendResult> again = rig.Append(topic, [.. batch]);
        await Task.Delay(50);
        again.IsCompleted.ShouldBeFalse();
        rig.Log.Open();

        (await first.WaitAsync(Soon)).BaseOffset.ShouldBe(1);
        (await again.WaitAsync(Soon)).BaseOffset.ShouldBe(1);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:before", "1:a", "2:b"]);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Duplicates_are_recognised_after_a_crash_from_the_log_and_from_the_snapshot(bool tierFirst, bool tierSecond)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        byte[] first = EngineRig.Batch(["a", "b"], producer: 5, sequence: 0);
        byte[] second = EngineRig.Batch(["c"], producer: 5, sequence: 2);
        (await rig.Append(topic, [.. first])).Error.ShouldBe(BrokerErrorCode.None);
        if (tierFirst)
        {
            await rig.TierAsync(topic);
        }
        (await rig.Append(topic, [.. second])).Error.ShouldBe(BrokerErrorCode.None);
        if (tierSecond)
        {
            await rig.TierAsync(topic);
        }

        await rig.CrashAsync();

        (await rig.Append(topic, [.. second]).WaitAsync(Soon)).BaseOffset.ShouldBe(2);
        (await rig.Append(topic, [.. first]).WaitAsync(Soon)).BaseOffset.ShouldBe(0);
        (await rig.Append(topic, EngineRig.Batch(["e"], producer: 5, sequence: 4)).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.OutOfOrderSequence);
        (await rig.Append(topic, EngineRig.Batch(["d"], producer: 5, sequence: 3)).WaitAsync(Soon)).BaseOffset.ShouldBe(3);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b", "2:c", "3:d"]);
    }

    [Fact]
    public async Task State_survives_when_only_plain_batches_were_tiered_since()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        byte[] batch = EngineRig.Batch(["a"], producer: 5, sequence: 0);
        await rig.Append(topic, [.. batch]);
        await rig.TierAsync(topic);
        await rig.CrashAsync();
        await rig.AppendAsync(topic, "plain");
        await rig.TierAsync(topic);
        await rig.CrashAsync();

        (await rig.Append(topic, [.. batch]).WaitAsync(Soon)).BaseOffset.ShouldBe(0);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:plain"]);
    }

    [Fact]
    public async Task An_old_epoch_is_refused_and_a_new_one_starts_at_zero()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.Append(topic, EngineRig.Batch(["a"], producer: 5, sequence: 0, epoch: 1));

        (await rig.Append(topic, EngineRig.Batch(["x"], producer: 5, sequence: 1, epoch: 0))).Error.ShouldBe(BrokerErrorCode.InvalidProducerEpoch);
        (await rig.Append(topic, EngineRig.Batch(["x"], producer: 5, sequence: 1, epoch: 2))).Error.ShouldBe(BrokerErrorCode.OutOfOrderSequence);
        (await rig.Append(topic, EngineRig.Batch(["b"], producer: 5, sequence: 0, epoch: 2))).BaseOffset.ShouldBe(1);
    }

    [Fact]
    public async Task A_producer_without_an_id_is_never_compared()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();

        (await rig.AppendAsync(topic, "a")).ShouldBe(0);
        (await rig.AppendAsync(topic, "a")).ShouldBe(1);
    }

    [Fact]
    public async Task Producer_ids_are_never_given_out_twice()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        HashSet<long> ids = [];
        for (int start = 0; start < 3; start++)
        {
            for (int i = 0; i < 1500; i++)
            {
                ids.Add(await rig.Broker.NewProducerIdAsync(CancellationToken.None)).ShouldBeTrue();
            }
            await rig.RestartAsync();
        }
    }
}
