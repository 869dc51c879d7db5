using System.Buffers.Binary;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class ProduceRequestTests
{
    public static TheoryData<string, byte[]?, short, KafkaErrorCode> BadBatches => new()
    {
        { "null", null, 9, KafkaErrorCode.InvalidRecord },
        { "empty", [], 9, KafkaErrorCode.InvalidRecord },
        { "wrong CRC", With(EngineRig.Batch(["a"]), 20, 1), 9, KafkaErrorCode.CorruptMessage },
        { "cut short", EngineRig.Batch(["a"])[..^1], 9, KafkaErrorCode.CorruptMessage },
        { "shorter than a header", EngineRig.Batch(["a"])[..30], 9, KafkaErrorCode.CorruptMessage },
        { "negative length", With(EngineRig.Batch(["a"]), 8, 0xff), 9, KafkaErrorCode.CorruptMessage },
        { "magic 0", With(EngineRig.Batch(["a"]), 16, 0), 9, KafkaErrorCode.InvalidRecord },
        { "magic 1", With(EngineRig.Batch(["a"]), 16, 1), 9, KafkaErrorCode.InvalidRecord },
        { "magic 3", With(EngineRig.Batch(["a"]), 16, 3), 9, KafkaErrorCode.CorruptMessage },
        { "two batches", [.. EngineRig.Batch(["a"]), .. EngineRig.Batch(["b"])], 9, KafkaErrorCode.InvalidRecord },
        { "over max.message.bytes", EngineRig.Batch([new string('x', 3000)]), 9, KafkaErrorCode.MessageTooLarge },
        { "zstd before version 7", With(EngineRig.Batch(["a"]), 22, 4), 6, KafkaErrorCode.UnsupportedCompressionType },
        { "a version of old batches", EngineRig.Batch(["a"]), 2, KafkaErrorCode.UnsupportedForMessageFormat },
    };

    [Theory]
    [MemberData(nameof(BadBatches))]
    public async Task Bad_batch_gets_Kafkas_error_and_the_connection_goes_on(string what, byte[]? batch, short version, KafkaErrorCode expected)
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t", 1, Durability.Local, ("max.message.bytes", "2048"));
        RawClient client = await rig.ConnectAsync();

        ProduceResponse.Partition answer = await client.ProduceAsync("t", batch, version: version);

        answer.ErrorCode.ShouldBe(expected, what);
        answer.BaseOffset.ShouldBe(-1);
        (await client.ProduceAsync("t", EngineRig.Batch(["good"]))).ErrorCode.ShouldBe(KafkaErrorCode.None);
        (await rig.Engine.ReadAllAsync(topic)).ShouldBe(["0:good"]);
    }

    [Fact]
    public async Task Every_partition_of_a_request_gets_its_own_answer()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync("t", partitions: 2);
        RawClient client = await rig.ConnectAsync();
        ProduceRequest request = new()
        {
            Acks = -1,
            TopicData =
            [
                new() { Name = "nowhere", PartitionData = [new() { Index = 0, Records = EngineRig.Batch(["a"]) }] },
                new()
                {
                    Name = "t",
                    PartitionData =
                    [
                        new() { Index = 1, Records = EngineRig.Batch(["b"]) },
                        new() { Index = 7, Records = EngineRig.Batch(["c"]) },
                        new() { Index = 0, Records = EngineRig.Batch(["d", "e"]) },
                        new() { Index = 0, Records = EngineRig.Batch(["f"]) },
                    ],
                },
            ],
        };

        ProduceResponse response = await client.CallAsync<ProduceRequest, ProduceResponse>(request, 11);

        response.Responses.Select(r => r.Name).ShouldBe(["nowhere", "t"]);
        response.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
        response.Responses[1].PartitionResponses.Select(p => (p.Index, p.ErrorCode, p.BaseOffset)).ShouldBe(
        [
            (1, KafkaErrorCode.None, 0L), (7, KafkaErrorCode.UnknownTopicOrPartition, -1L), (0, KafkaErrorCode.None, 0L), (0, KafkaErrorCode.None, 2L),
        ]);
    }

    [Fact]
    public async Task Acks_0_is_not_answered_and_the_next_request_is()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(RawClient.Produce("t", EngineRig.Batch(["quiet"]), 1, acks: 0));
        (await client.ProduceAsync("t", EngineRig.Batch(["loud"]))).BaseOffset.ShouldBe(1);

        (await rig.Engine.ReadAllAsync(topic)).ShouldBe(["0:quiet", "1:loud"]);
    }

    [Fact]
    public async Task Acks_0_that_fails_closes_the_connection()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(RawClient.Produce("nowhere", EngineRig.Batch(["a"]), 1, acks: 0));

        await client.ShouldBeClosedAsync();
        await rig.ShouldStillServeAsync();
    }

    [Fact]
    public async Task Acks_0_that_fails_leaves_the_answers_before_it_to_the_client()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            using RawClient other = await RawClient.ConnectAsync(rig.Endpoint);
            await other.SendAsync((byte[])
            [
                .. RawClient.Frame(new MetadataRequest { Topics = [] }, 9, 1),
                .. RawClient.Frame(new MetadataRequest { Topics = [] }, 9, 2),
                .. RawClient.Produce("nowhere", EngineRig.Batch(["a"]), 3, acks: 0),
                .. RawClient.Frame(new MetadataRequest { Topics = [] }, 9, 4),
            ]);

            (await other.ReceiveAsync<MetadataResponse>(9)).CorrelationId.ShouldBe(1);
            (await other.ReceiveAsync<MetadataResponse>(9)).CorrelationId.ShouldBe(2);
            await other.ShouldBeClosedAsync();
        }
        await rig.WaitForConnectionsAsync(0);
    }

    [Fact]
    public async Task Acks_1_is_answered_before_the_batch_is_durable()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        (await client.ProduceAsync("t", EngineRig.Batch(["a"]), acks: 1)).BaseOffset.ShouldBe(0);

        rig.Engine.Log.Open();
    }

    [Fact]
    public async Task Acks_that_do_not_exist_are_refused()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        (await client.ProduceAsync("t", EngineRig.Batch(["a"]), acks: 2)).ErrorCode.ShouldBe(KafkaErrorCode.InvalidRequiredAcks);
    }

    [Fact]
    public async Task Sequences_of_an_idempotent_producer_are_checked()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        (await client.ProduceAsync("t", EngineRig.Batch(["a"], producer: 5, sequence: 0))).BaseOffset.ShouldBe(0);
        (await client.ProduceAsync("t", EngineRig.Batch(["b"], producer: 5, sequence: 1))).BaseOffset.ShouldBe(1);
        (await client.ProduceAsync("t", EngineRig.Batch(["a"], producer: 5, sequence: 0))).BaseOffset.ShouldBe(0, "a duplicate has the original offset");
        (await client.ProduceAsync("t", EngineRig.Batch(["d"], producer: 5, sequence: 3))).ErrorCode.ShouldBe(KafkaErrorCode.OutOfOrderSequenceNumber);
        (await client.ProduceAsync("t", EngineRig.Batch(["x"], producer: 5, sequence: 0, epoch: 1))).BaseOffset.ShouldBe(2);
        (await client.ProduceAsync("t", EngineRig.Batch(["y"], producer: 5, sequence: 2, epoch: 0))).ErrorCode.ShouldBe(KafkaErrorCode.InvalidProducerEpoch);
    }

    private static byte[] With(byte[] batch, int at, byte value)
    {
        batch[at] = value;
        if (at == 22)
        {
            BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), StreamHouse.Records.Crc32C.Compute(batch.AsSpan(21)));
        }
        return batch;
    }
}
