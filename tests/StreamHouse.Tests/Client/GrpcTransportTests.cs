using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Tests.Rpc;

namespace StreamHouse.Tests.Client;

/// <summary>The client over real connections, against a server that misbehaves when asked to.</summary>
public sealed class GrpcTransportTests : IAsyncDisposable
{
    private const string Topic = "orders";

    private readonly FakeCluster _cluster = new();
    private readonly Lock _gate = new();
    private int _requests;

    // Called before each produce request is served; false cuts the stream, before or after the batch is appended.
    private Func<int, bool> _survivesBefore = _ => true;
    private Func<int, bool> _survivesAfter = _ => true;
    private Func<int, bool> _answers = _ => true;

    public GrpcTransportTests() => _cluster.Topics[Topic] = 1;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Records_reach_the_log_in_order_and_come_back()
    {
        await using RpcTestServer server = await StartAsync();
        await using StreamHouseClient client = new(server.Address.ToString());
        await ProduceAsync(client, 2000, new ProducerOptions { BatchRecordsMax = 50 });

        _cluster.Partition(Topic, 0).Values.ShouldBe(Expected(2000));
        await using Consumer consumer = client.CreateConsumer();
        consumer.Assign(Topic, ConsumerStart.Earliest);
        List<string> read = [];
        await foreach (ConsumedRecord record in consumer)
        {
            record.Offset.ShouldBe(read.Count);
            read.Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
            if (read.Count == 2000)
            {
                break;
            }
        }
        read.ShouldBe(Expected(2000));
    }

    [Fact]
    public async Task Streams_that_are_cut_lose_and_repeat_nothing()
    {
        Random random = new(7);
        _survivesBefore = _ => random.Next(20) != 0;
        _survivesAfter = _ => random.Next(20) != 0;
        await using RpcTestServer server = await StartAsync();
        await using StreamHouseClient client = new(server.Address.ToString());
        await ProduceAsync(client, 2000, new ProducerOptions { BatchRecordsMax = 10 });

        _cluster.Partition(Topic, 0).Values.ShouldBe(Expected(2000));
    }

    [Fact]
    public async Task Server_that_does_not_answer_in_time_is_asked_again()
    {
        _answers = request => request != 3;
        await using RpcTestServer server = await StartAsync();
        await using StreamHouseClient client = new(server.Address.ToString());
        await ProduceAsync(client, 10, new ProducerOptions { BatchRecordsMax = 1, RequestTimeout = TimeSpan.FromMilliseconds(500) });

        _cluster.Partition(Topic, 0).Values.ShouldBe(Expected(10));
    }

    [Fact]
    public async Task Address_that_does_not_answer_is_passed_over()
    {
        await using RpcTestServer server = await StartAsync();
        await using StreamHouseClient client = new(new StreamHouseClientOptions { Addresses = ["http://127.0.0.1:1", server.Address.ToString()] });
        await ProduceAsync(client, 10, new ProducerOptions());

        _cluster.Partition(Topic, 0).Values.ShouldBe(Expected(10));
    }

    [Fact]
    public async Task Typed_errors_arrive_with_what_they_say()
    {
        await using RpcTestServer server = await StartAsync();
        await using StreamHouseClient client = new(server.Address.ToString());

        StreamHouseException error = await Should.ThrowAsync<StreamHouseException>(client.Admin.GetTopicAsync("nowhere"));

        error.Code.ShouldBe(StreamHouseErrorCode.UnknownTopic);
        error.Topic.ShouldBe("nowhere");
        error.IsRetriable.ShouldBeFalse();
    }

    [Fact]
    public async Task Nobody_there_is_told_within_the_call_timeout()
    {
        await using StreamHouseClient client = new(new StreamHouseClientOptions
        {
            Addresses = ["http://127.0.0.1:1"],
            CallTimeout = TimeSpan.FromMilliseconds(300),
        });

        StreamHouseException error = await Should.ThrowAsync<StreamHouseException>(client.Admin.GetTopicAsync(Topic));

        error.Code.ShouldBe(StreamHouseErrorCode.Unavailable);
        error.IsRetriable.ShouldBeTrue();
    }

    [Fact]
    public void Every_code_of_the_protocol_has_the_same_name_and_number_here()
    {
        foreach (ErrorCode code in Enum.GetValues<ErrorCode>())
        {
            StreamHouseErrorCode mapped = ErrorMapping.CodeOf(code);
            ((int)mapped).ShouldBe((int)code);
            mapped.ToString().ShouldBe(code.ToString());
        }
        ErrorMapping.CodeOf((ErrorCode)999).ShouldBe(StreamHouseErrorCode.Internal);
    }

    private static async Task ProduceAsync(StreamHouseClient client, int count, ProducerOptions options)
    {
        await using Producer producer = client.CreateProducer(options);
        Task<RecordMetadata>[] sends = new Task<RecordMetadata>[count];
        for (int i = 0; i < count; i++)
        {
            sends[i] = producer.SendAsync(Topic, default, Encoding.UTF8.GetBytes($"{i}")).AsTask();
        }
        for (int i = 0; i < count; i++)
        {
            (await sends[i].WaitAsync(TimeSpan.FromSeconds(30))).Offset.ShouldBe(i);
        }
    }

    private static IEnumerable<string> Expected(int count) => Enumerable.Range(0, count).Select(i => $"{i}");

    private Task<RpcTestServer> StartAsync()
    {
        RpcRoutes routes = new();
        routes.Unary(ProducerRpc.InitProducer.Server, (request, _) => AnswerAsync(ProducerRpc.InitProducer, request));
        routes.Unary(AdminRpc.GetTopic.Server, (request, _) => AnswerAsync(AdminRpc.GetTopic, request));
        routes.Unary(AdminRpc.ListOffsets.Server, (request, _) => AnswerAsync(AdminRpc.ListOffsets, request));
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), ServeProduceAsync);
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, ServeSubscribeAsync);
        return RpcTestServer.StartAsync(routes, error => error is StreamHouseException e
            ? new ErrorDetail { Code = (ErrorCode)(int)e.Code, Message = e.Message, Retriable = e.IsRetriable, Topic = "nowhere", GrpcStatus = 5 }.ToException()
            : null);
    }

    private async ValueTask<TResponse> AnswerAsync<TRequest, TResponse>(RpcMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>, new()
        where TResponse : class, Google.Protobuf.IMessage<TResponse>, new()
    {
        Task<TResponse> answer;
        lock (_gate)
        {
            answer = _cluster.CallAsync(method, request, TimeSpan.Zero, CancellationToken.None);
        }
        return await answer;
    }

    private async Task ServeProduceAsync(RpcRequests<IncomingProduce> requests, RpcResponses<ProduceReply> responses, RpcContext context)
    {
        while (await requests.MoveNextAsync())
        {
            using IncomingProduce request = requests.Current;
            int number = Interlocked.Increment(ref _requests);
            ProduceOutcome outcome;
            lock (_gate)
            {
                if (!_survivesBefore(number))
                {
                    break;
                }
                outcome = _cluster.Partition(request.Topic, request.Partition).Append(request.Batch.ToArray());
                if (!_survivesAfter(number))
                {
                    break;
                }
            }
            if (!_answers(number))
            {
                await Task.Delay(Timeout.Infinite, context.Aborted);
            }
            ErrorDetail? error = outcome.Error is { } e ? new ErrorDetail { Code = (ErrorCode)(int)e.Code, Message = e.Message } : null;
            await responses.WriteAsync(new ProduceReply(request.Correlation, outcome.BaseOffset, 1, -1, outcome.Durability, error));
        }
        context.Http.Abort();
    }

    private async Task ServeSubscribeAsync(SubscribeRequest request, RpcResponses<OutgoingDelivery> responses, RpcContext context)
    {
        long next = request.Partitions[0].Start.Offset;
        foreach ((long baseOffset, byte[] bytes) in _cluster.Partition(request.Topic, 0).Batches)
        {
            next = new StreamHouse.Records.RecordBatchView(bytes).NextOffset;
            await responses.WriteAsync(new OutgoingDelivery(0, next, 0, next, 1, [bytes]));
        }
        await Task.Delay(Timeout.Infinite, context.Aborted);
    }
}
