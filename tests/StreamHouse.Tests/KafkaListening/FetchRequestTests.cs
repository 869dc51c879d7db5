using System.Diagnostics;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Records;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class FetchRequestTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(17)]
    public async Task Records_come_back_as_they_were_appended_in_every_version(short version)
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.Engine.AppendAsync(topic, "a", "b");
        await rig.Engine.AppendAsync(topic, "c");
        RawClient client = await rig.ConnectAsync();

        FetchRequest request = RawClient.FetchOf("t", 0);
        request.Topics[0].TopicId = topic.Id.Value;
        FetchResponse response = await client.FetchAsync(request, version);

        FetchResponse.Partition partition = response.Responses.Single().Partitions.Single();
        partition.ErrorCode.ShouldBe(KafkaErrorCode.None);
        partition.HighWatermark.ShouldBe(3);
        partition.LastStableOffset.ShouldBe(3);
        partition.AbortedTransactions.ShouldBeNull("the fetch reads uncommitted records");
        Offsets(partition).ShouldBe([0, 2]);
    }

    [Fact]
    public async Task Offset_inside_a_batch_gets_the_whole_batch()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.Engine.AppendAsync(topic, "a", "b", "c");
        RawClient client = await rig.ConnectAsync();

        Offsets(One(await client.FetchAsync(RawClient.FetchOf("t", 2)))).ShouldBe([0]);
    }

    [Fact]
    public async Task First_batch_comes_even_when_it_is_larger_than_every_limit()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.Engine.AppendAsync(topic, new string('x', 5000));
        await rig.Engine.AppendAsync(topic, "b");
        RawClient client = await rig.ConnectAsync();

        Offsets(One(await client.FetchAsync(RawClient.FetchOf("t", 0, maxBytes: 10, partitionMaxBytes: 10)))).ShouldBe([0]);
        Offsets(One(await client.FetchAsync(RawClient.FetchOf("t", 0, maxBytes: 5200, partitionMaxBytes: 5200)))).ShouldBe([0, 1]);
    }

    [Fact]
    public async Task Waiting_fetch_is_answered_when_data_comes_and_not_before()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        await client.SendAsync(RawClient.FetchOf("t", 0, waitMs: 30_000), 12, 1);
        await Task.Delay(50);
        client.Socket.Available.ShouldBe(0);

        await rig.Engine.AppendAsync(topic, "a");

        Offsets(One((await client.ReceiveAsync<FetchResponse>(12)).Response)).ShouldBe([0]);
    }

    [Fact]
    public async Task Waiting_fetch_honours_minimum_bytes_and_longest_wait()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        await rig.Engine.AppendAsync(topic, "small");
        long began = Stopwatch.GetTimestamp();

        FetchResponse response = await client.FetchAsync(RawClient.FetchOf("t", 0, waitMs: 200, minBytes: 10_000));

        Stopwatch.GetElapsedTime(began).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(190));
        Offsets(One(response)).ShouldBe([0], "what is there is answered when the time is up");
    }

    [Fact]
    public async Task Errors_are_those_of_Kafka()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.Engine.AppendAsync(topic, "a");
        RawClient client = await rig.ConnectAsync();

        async Task<KafkaErrorCode> ErrorOf(FetchRequest request, short version = 12) => One(await client.FetchAsync(request, version)).ErrorCode;
        FetchRequest Epoch(int epoch)
        {
            FetchRequest request = RawClient.FetchOf("t", 0);
            request.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch;
            return request;
        }
        int current = (int)rig.Engine.Broker.DescribePartitions(topic.Id)[0].LeaderEpoch;

        (await ErrorOf(RawClient.FetchOf("nowhere", 0))).ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
        (await ErrorOf(RawClient.FetchOf("t", 0, partition: 9))).ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
        (await ErrorOf(RawClient.FetchOf("t", 0), version: 13)).ShouldBe(KafkaErrorCode.UnknownTopicId);
        (await ErrorOf(RawClient.FetchOf("t", 2, waitMs: 10_000))).ShouldBe(KafkaErrorCode.OffsetOutOfRange);
        (await ErrorOf(RawClient.FetchOf("t", -1, waitMs: 10_000))).ShouldBe(KafkaErrorCode.OffsetOutOfRange);
        (await ErrorOf(Epoch(current - 1))).ShouldBe(KafkaErrorCode.FencedLeaderEpoch);
        (await ErrorOf(Epoch(current + 1))).ShouldBe(KafkaErrorCode.UnknownLeaderEpoch);
        (await ErrorOf(Epoch(current))).ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Fetch_that_finds_too_many_waiting_is_told_what_consumers_retry()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(broker: EngineRig.Options with { Fetch = new() { WaitingFetchesMax = 1 } });
        await rig.CreateTopicAsync();
        RawClient first = await rig.ConnectAsync();
        RawClient second = await rig.ConnectAsync();

        await first.SendAsync(RawClient.FetchOf("t", 0, waitMs: 2000), 12, 1);
        await second.SendAsync(RawClient.FetchOf("t", 0, waitMs: 2000), 12, 1);

        Task<(int, FetchResponse)>[] answers = [first.ReceiveAsync<FetchResponse>(12), second.ReceiveAsync<FetchResponse>(12)];
        (int _, FetchResponse refused) = await await Task.WhenAny(answers);
        One(refused).ErrorCode.ShouldBe(KafkaErrorCode.KafkaStorageError, "Java's consumer fails on codes it does not expect");
        await Task.WhenAll(answers);
    }

    [Fact]
    public async Task Read_committed_gets_an_empty_list_of_aborted_transactions()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.CreateTopicAsync(), "a");
        RawClient client = await rig.ConnectAsync();
        FetchRequest request = RawClient.FetchOf("t", 0);
        request.IsolationLevel = 1;

        One(await client.FetchAsync(request)).AbortedTransactions.ShouldBe([]);
    }

    [Fact]
    public async Task Buffers_are_given_back_when_the_client_vanishes_while_its_answer_is_sent()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        for (int i = 0; i < 20; i++)
        {
            await rig.Engine.AppendAsync(topic, new string('x', 900_000));
        }

        for (int i = 0; i < 5; i++)
        {
            using RawClient client = await RawClient.ConnectAsync(rig.Endpoint);
            await client.SendAsync(RawClient.FetchOf("t", 0, maxBytes: 50 << 20, partitionMaxBytes: 50 << 20), 12, 1);
            await client.SendAsync(RawClient.FetchOf("t", 20, waitMs: 60_000), 12, 2);
            await Task.Delay(30);
            client.Reset();
        }
        await rig.WaitForConnectionsAsync(0);

        // Had a buffer been given back twice, reading it again would fail; had one been kept, deleting the topic would not free it.
        RawClient reader = await rig.ConnectAsync();
        Offsets(One(await reader.FetchAsync(RawClient.FetchOf("t", 0, maxBytes: 50 << 20, partitionMaxBytes: 50 << 20)))).Count.ShouldBeGreaterThan(10);
        (await rig.Engine.ReadAllAsync(topic)).Count.ShouldBe(20);
    }

    private static FetchResponse.Partition One(FetchResponse response) => response.Responses.Single().Partitions.Single();

    private static List<long> Offsets(FetchResponse.Partition partition)
    {
        List<long> offsets = [];
        foreach (RecordBatchView batch in new RecordBatchWalker(partition.Records))
        {
            RecordBatchValidator.Validate(batch.Bytes).ShouldBe(RecordBatchError.None);
            offsets.Add(batch.BaseOffset);
        }
        return offsets;
    }
}
