using Google.Protobuf;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using Record = StreamHouse.Rpc.V1.Record;

namespace StreamHouse.IntegrationTests.Server;

public sealed class ProducerServiceTests(SharedServer server) : IClassFixture<SharedServer>
{
    private readonly RpcChannel _channel = server.Channel;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Loose_records_come_back_with_keys_headers_and_nulls()
    {
        string topic = await _channel.CreateTopicAsync();
        ProduceRequest request = new() { Topic = topic, Records = new RecordList() };
        request.Records.Records.Add(new Record
        {
            Key = ByteString.CopyFromUtf8("k"),
            TimestampMs = 1_700_000_000_123,
            Headers = { new Header { Key = "full", Value = ByteString.CopyFromUtf8("v") }, new Header { Key = "null" } },
        });
        request.Records.Records.Add(new Record { Value = ByteString.Empty });

        ProduceResponse response = await _channel.UnaryAsync(ProducerRpc.Produce, request, default, Token);

        response.BaseOffset.ShouldBe(0);
        response.RecordCount.ShouldBe(2);
        response.TimestampMs.ShouldBe(-1);
        response.Durability.ShouldBe(DurabilityReached.LocalFsync);
        using var fetched = await _channel.UnaryAsync(ConsumerRpc.Fetch, new FetchRequest { Topic = topic }, default, Token);
        Check(fetched.Batches.Span);

        static void Check(ReadOnlySpan<byte> batch)
        {
            using StreamHouse.Records.RecordBatchReader reader = new();
            StreamHouse.Records.RecordReader records = reader.Open(batch);
            records.Read().ShouldBeTrue();
            records.Current.Key.Span.SequenceEqual("k"u8).ShouldBeTrue();
            records.Current.Value.IsNull.ShouldBeTrue();
            records.Current.Timestamp.ShouldBe(1_700_000_000_123);
            records.Current.HeaderCount.ShouldBe(2);
            records.Read().ShouldBeTrue();
            records.Current.Key.IsNull.ShouldBeTrue();
            records.Current.Value.IsNull.ShouldBeFalse();
            records.Current.Value.Span.Length.ShouldBe(0);
            records.Read().ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData(TopicDurability.Local, DurabilityReached.LocalFsync)]
    [InlineData(TopicDurability.Object, DurabilityReached.Object)]
    public async Task Answer_says_how_durable_the_records_are(TopicDurability topicDurability, DurabilityReached reached)
    {
        string topic = await _channel.CreateTopicAsync(durability: topicDurability);

        ProduceResponse all = await _channel.ProduceAsync(topic, 0, "a");
        ProduceRequest leader = GrpcCalls.RequestOf(topic, 0, "b");
        leader.Acks = Acks.Leader;
        ProduceRequest none = GrpcCalls.RequestOf(topic, 0, "c");
        none.Acks = Acks.None;

        all.Durability.ShouldBe(reached);
        (await _channel.UnaryAsync(ProducerRpc.Produce, leader, default, Token)).Durability.ShouldBe(DurabilityReached.Eventual);
        (await _channel.UnaryAsync(ProducerRpc.Produce, none, default, Token)).BaseOffset.ShouldBe(-1);
        (await _channel.ProduceAsync(topic, 0, "d")).BaseOffset.ShouldBe(3);
    }

    [Fact]
    public async Task Stream_answers_in_request_order_across_slow_and_fast_topics()
    {
        string slow = await _channel.CreateTopicAsync(durability: TopicDurability.Object);
        string fast = await _channel.CreateTopicAsync();
        await using var stream = _channel.Duplex(ProducerRpc.ProduceStream, default, Token);
        const int Count = 200;

        for (int i = 0; i < Count; i++)
        {
            stream.Enqueue(new OutgoingProduce((ulong)i + 1, i % 10 == 0 ? slow : fast, 0, Acks.All, GrpcCalls.BatchOf($"v{i}")));
        }
        await stream.FlushAsync();
        stream.CompleteRequests();

        long nextSlow = 0;
        long nextFast = 0;
        for (int i = 0; i < Count; i++)
        {
            (await stream.MoveNextAsync()).ShouldBeTrue();
            stream.Current.Correlation.ShouldBe((ulong)i + 1);
            stream.Current.Error.ShouldBeNull();
            stream.Current.BaseOffset.ShouldBe(i % 10 == 0 ? nextSlow++ : nextFast++);
        }
        (await stream.MoveNextAsync()).ShouldBeFalse();
        (await _channel.FetchAsync(fast, 0, 0)).Select(r => r.Value).ShouldBe(Enumerable.Range(0, Count).Where(i => i % 10 != 0).Select(i => $"v{i}"));
    }

    [Fact]
    public async Task Refused_request_is_answered_in_its_place_and_the_stream_goes_on()
    {
        string topic = await _channel.CreateTopicAsync();
        byte[] damaged = GrpcCalls.BatchOf("damaged");
        damaged[^1] ^= 0x40;
        await using var stream = _channel.Duplex(ProducerRpc.ProduceStream, default, Token);

        stream.Enqueue(new OutgoingProduce(1, topic, 0, Acks.All, GrpcCalls.BatchOf("a")));
        stream.Enqueue(new OutgoingProduce(2, topic, 0, Acks.All, damaged));
        stream.Enqueue(new OutgoingProduce(3, "no-such-topic", 0, Acks.All, GrpcCalls.BatchOf("x")));
        stream.Enqueue(new OutgoingProduce(4, topic, 7, Acks.All, GrpcCalls.BatchOf("x")));
        stream.Enqueue(new OutgoingProduce(5, topic, 0, (Acks)9, GrpcCalls.BatchOf("x")));
        stream.Enqueue(new OutgoingProduce(6, topic, 0, Acks.All, GrpcCalls.BatchOf("b")));
        await stream.FlushAsync();
        stream.CompleteRequests();

        List<ProduceReply> replies = [];
        while (await stream.MoveNextAsync())
        {
            replies.Add(stream.Current);
        }
        replies.Select(r => r.Correlation).ShouldBe([1UL, 2, 3, 4, 5, 6]);
        replies.Select(r => r.Error?.Code ?? ErrorCode.None).ShouldBe(
            [ErrorCode.None, ErrorCode.CorruptBatch, ErrorCode.UnknownTopic, ErrorCode.UnknownPartition, ErrorCode.InvalidRequest, ErrorCode.None]);
        replies[2].Error!.Topic.ShouldBe("no-such-topic");
        replies[5].BaseOffset.ShouldBe(1);
    }

    [Fact]
    public async Task Bytes_that_are_no_message_end_the_stream_after_the_answers_before_them()
    {
        string topic = await _channel.CreateTopicAsync();
        await using var stream = _channel.Duplex(
            ProducerRpc.ProduceStream with { RequestWriter = new GarbageAfterFirst() }, default, Token);
        await stream.WriteAsync(new OutgoingProduce(1, topic, 0, Acks.All, GrpcCalls.BatchOf("a")));
        await stream.WriteAsync(new OutgoingProduce(2, topic, 0, Acks.All, GrpcCalls.BatchOf("b")));

        (await stream.MoveNextAsync()).ShouldBeTrue();
        stream.Current.Correlation.ShouldBe(1UL);
        RpcException end = await Should.ThrowAsync<RpcException>(async () => await stream.MoveNextAsync());

        end.Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Unknown_topic_and_partition_are_not_found_with_a_detail_that_tells_them_apart()
    {
        string topic = await _channel.CreateTopicAsync();

        RpcException noTopic = await Should.ThrowAsync<RpcException>(() => _channel.ProduceAsync("absent", 0, "a"));
        RpcException noPartition = await Should.ThrowAsync<RpcException>(() => _channel.ProduceAsync(topic, 1, "a"));

        noTopic.Status.ShouldBe(GrpcStatusCode.NotFound);
        noTopic.Detail()!.Code.ShouldBe(ErrorCode.UnknownTopic);
        noPartition.Status.ShouldBe(GrpcStatusCode.NotFound);
        noPartition.Detail()!.Code.ShouldBe(ErrorCode.UnknownPartition);
        noPartition.Detail()!.Partition.ShouldBe(1);
    }

    [Fact]
    public async Task Retry_of_an_idempotent_producer_gets_the_original_offset()
    {
        string topic = await _channel.CreateTopicAsync();
        InitProducerResponse producer = await _channel.UnaryAsync(ProducerRpc.InitProducer.Client, new InitProducerRequest(), default, Token);
        ProduceRequest first = Of(0, "a", "b");
        ProduceRequest second = Of(2, "c");

        long[] offsets =
        [
            (await _channel.UnaryAsync(ProducerRpc.Produce, first, default, Token)).BaseOffset,
            (await _channel.UnaryAsync(ProducerRpc.Produce, second, default, Token)).BaseOffset,
            (await _channel.UnaryAsync(ProducerRpc.Produce, first, default, Token)).BaseOffset,
        ];
        RpcException gap = await Should.ThrowAsync<RpcException>(() => _channel.UnaryAsync(ProducerRpc.Produce, Of(9, "x"), default, Token));

        offsets.ShouldBe([0L, 2, 0]);
        gap.Status.ShouldBe(GrpcStatusCode.FailedPrecondition);
        gap.Detail()!.Code.ShouldBe(ErrorCode.OutOfOrderSequence);
        (await _channel.FetchAsync(topic, 0, 0)).Select(r => r.Value).ShouldBe(["a", "b", "c"]);

        ProduceRequest Of(int sequence, params string[] values)
        {
            ProduceRequest request = GrpcCalls.RequestOf(topic, 0, values);
            request.ProducerId = producer.ProducerId;
            request.ProducerEpoch = producer.ProducerEpoch;
            request.BaseSequence = sequence;
            return request;
        }
    }

    [Fact]
    public async Task Producer_ids_are_never_given_twice()
    {
        List<long> ids = [];
        for (int i = 0; i < 20; i++)
        {
            ids.Add((await _channel.UnaryAsync(ProducerRpc.InitProducer.Client, new InitProducerRequest(), default, Token)).ProducerId);
        }
        ids.ShouldBeUnique();
    }

    [Fact]
    public async Task Request_without_records_or_with_a_negative_sequence_is_refused()
    {
        string topic = await _channel.CreateTopicAsync();
        ProduceRequest negative = GrpcCalls.RequestOf(topic, 0, "a");
        negative.ProducerId = 5;
        negative.BaseSequence = -1;

        RpcException empty = await Should.ThrowAsync<RpcException>(() => _channel.ProduceAsync(topic, 0));
        RpcException sequence = await Should.ThrowAsync<RpcException>(() => _channel.UnaryAsync(ProducerRpc.Produce, negative, default, Token));

        empty.Detail()!.Code.ShouldBe(ErrorCode.InvalidRequest);
        sequence.Detail()!.Code.ShouldBe(ErrorCode.InvalidRequest);
        sequence.Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Batch_above_the_topics_limit_is_refused()
    {
        string topic = await _channel.CreateTopicAsync();

        RpcException refused = await Should.ThrowAsync<RpcException>(() => _channel.ProduceAsync(topic, 0, new string('x', 1_100_000)));

        refused.Detail()!.Code.ShouldBe(ErrorCode.BatchTooLarge);
        refused.Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    private sealed class GarbageAfterFirst : IMessageWriter<OutgoingProduce>
    {
        private readonly OutgoingProduceWriter _real = new();

        public int Measure(in OutgoingProduce message) => message.Correlation == 1 ? _real.Measure(message) : 4;

        public void Write(in OutgoingProduce message, System.Buffers.IBufferWriter<byte> output)
        {
            if (message.Correlation == 1)
            {
                _real.Write(message, output);
                return;
            }
            output.GetSpan(4)[..4].Fill(0xFF);
            output.Advance(4);
        }
    }
}
