using System.Diagnostics;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.IntegrationTests.Server;

public sealed class ConsumerServiceTests(SharedServer server) : IClassFixture<SharedServer>
{
    private readonly RpcChannel _channel = server.Channel;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fetch_that_waits_is_answered_by_the_next_append()
    {
        string topic = await _channel.CreateTopicAsync();
        long began = Stopwatch.GetTimestamp();
        Task<List<(long Offset, string Value)>> waiting = _channel.FetchAsync(topic, 0, 0, maxWaitMs: 20_000);
        await Task.Delay(50, Token);
        waiting.IsCompleted.ShouldBeFalse();

        await _channel.ProduceAsync(topic, 0, "late");

        (await waiting).ShouldBe([(0L, "late")]);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Fetch_without_data_ends_when_its_wait_is_over()
    {
        string topic = await _channel.CreateTopicAsync();
        long began = Stopwatch.GetTimestamp();

        (await _channel.FetchAsync(topic, 0, 0, maxWaitMs: 150)).ShouldBeEmpty();

        Stopwatch.GetElapsedTime(began).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(140));
    }

    [Fact]
    public async Task Offset_out_of_range_tells_the_range()
    {
        string topic = await _channel.CreateTopicAsync();
        await _channel.ProduceAsync(topic, 0, "a", "b", "c");

        RpcException refused = await Should.ThrowAsync<RpcException>(() => _channel.FetchAsync(topic, 0, 99));

        refused.Status.ShouldBe(GrpcStatusCode.OutOfRange);
        refused.Detail()!.Code.ShouldBe(ErrorCode.OffsetOutOfRange);
        refused.Detail()!.LogStartOffset.ShouldBe(0);
        refused.Detail()!.HighWatermark.ShouldBe(3);
    }

    [Theory]
    [InlineData(-1, 0, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, 0, -1)]
    public async Task Negative_limits_are_refused(int maxBytes, int minBytes, int maxWaitMs)
    {
        string topic = await _channel.CreateTopicAsync();

        RpcException refused = await Should.ThrowAsync<RpcException>(() => _channel.UnaryAsync(
            ConsumerRpc.Fetch, new FetchRequest { Topic = topic, MaxBytes = maxBytes, MinBytes = minBytes, MaxWaitMs = maxWaitMs }, default, Token));

        refused.Detail()!.Code.ShouldBe(ErrorCode.InvalidRequest);
    }

    [Fact]
    public async Task Subscription_follows_all_partitions_and_goes_on_with_what_is_appended()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 3);
        await _channel.ProduceAsync(topic, 0, "a0", "a1");
        await _channel.ProduceAsync(topic, 2, "c0");
        await using var stream = Subscribe(new SubscribeRequest { Topic = topic, Start = At(StartPosition.Types.Kind.Earliest) });

        List<string> before = await ReadAsync(stream, 3);
        await _channel.ProduceAsync(topic, 1, "b0");
        await _channel.ProduceAsync(topic, 0, "a2");
        List<string> after = await ReadAsync(stream, 2);

        before.Order().ShouldBe(["0/0=a0", "0/1=a1", "2/0=c0"]);
        after.Order().ShouldBe(["0/2=a2", "1/0=b0"]);
    }

    [Fact]
    public async Task Subscription_begins_where_it_is_told_to()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 2);
        await _channel.ProduceAsync(topic, 0, "a0");
        await _channel.ProduceAsync(topic, 0, "a1");
        await _channel.ProduceAsync(topic, 1, "b0");
        SubscribeRequest request = new() { Topic = topic };
        request.Partitions.Add(new PartitionStart { Partition = 0, Start = new StartPosition { Offset = 1 } });
        request.Partitions.Add(new PartitionStart { Partition = 1, Start = At(StartPosition.Types.Kind.Latest) });
        await using var stream = Subscribe(request);

        (await ReadAsync(stream, 1)).ShouldBe(["0/1=a1"]);
        await _channel.ProduceAsync(topic, 1, "b1");
        (await ReadAsync(stream, 1)).ShouldBe(["1/1=b1"]);
    }

    [Fact]
    public async Task Idle_subscription_is_sent_heartbeats_and_finds_partitions_that_are_added()
    {
        string topic = await _channel.CreateTopicAsync();
        await using var stream = Subscribe(new SubscribeRequest { Topic = topic, HeartbeatMs = 50, Start = At(StartPosition.Types.Kind.Latest) });
        (await stream.MoveNextAsync()).ShouldBeTrue();
        stream.Current.Heartbeat.ShouldBeTrue();

        await _channel.UnaryAsync(AdminRpc.AlterTopic.Client, new AlterTopicRequest { Topic = topic, Partitions = 2 }, default, Token);
        await _channel.ProduceAsync(topic, 1, "new");

        (await ReadAsync(stream, 1)).ShouldBe(["1/0=new"]);
    }

    [Fact]
    public async Task Partition_that_fails_is_reported_and_the_others_are_followed()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 2);
        await _channel.ProduceAsync(topic, 1, "b0");
        SubscribeRequest request = new() { Topic = topic };
        request.Partitions.Add(new PartitionStart { Partition = 0, Start = new StartPosition { Offset = 50 } });
        request.Partitions.Add(new PartitionStart { Partition = 1 });
        await using var stream = Subscribe(request);
        ErrorDetail? error = null;
        List<string> records = [];

        while (error is null || records.Count == 0)
        {
            (await stream.MoveNextAsync()).ShouldBeTrue();
            using var delivery = stream.Current;
            error ??= delivery.Error;
            records.AddRange(GrpcCalls.RecordsOf(delivery.Batches.Span).Select(r => r.Value));
        }

        error.Code.ShouldBe(ErrorCode.OffsetOutOfRange);
        error.Partition.ShouldBe(0);
        records.ShouldBe(["b0"]);
    }

    [Fact]
    public async Task Deleted_topic_ends_its_subscriptions()
    {
        string topic = await _channel.CreateTopicAsync();
        await using var stream = Subscribe(new SubscribeRequest { Topic = topic });
        Task<RpcException> end = Should.ThrowAsync<RpcException>(async () =>
        {
            while (await stream.MoveNextAsync())
            {
                stream.Current.Dispose();
            }
        });

        await _channel.UnaryAsync(AdminRpc.DeleteTopic.Client, new DeleteTopicRequest { Topic = topic }, default, Token);

        (await end.WaitAsync(TimeSpan.FromSeconds(10), Token)).Detail()!.Code.ShouldBe(ErrorCode.UnknownTopic);
    }

    private static StartPosition At(StartPosition.Types.Kind kind) => new() { Kind = kind };

    private static async Task<List<string>> ReadAsync(ServerStreamingCall<IncomingDelivery> stream, int count)
    {
        List<string> records = [];
        while (records.Count < count)
        {
            (await stream.MoveNextAsync()).ShouldBeTrue();
            using var delivery = stream.Current;
            delivery.Error.ShouldBeNull();
            List<(long Offset, string Value)> read = GrpcCalls.RecordsOf(delivery.Batches.Span);
            records.AddRange(read.Select(r => $"{delivery.Partition}/{r.Offset}={r.Value}"));
            if (read.Count > 0)
            {
                delivery.NextOffset.ShouldBe(read[^1].Offset + 1);
            }
        }
        return records;
    }

    private ServerStreamingCall<IncomingDelivery> Subscribe(SubscribeRequest request) =>
        _channel.ServerStreaming(ConsumerRpc.Subscribe, request, default, Token);
}
