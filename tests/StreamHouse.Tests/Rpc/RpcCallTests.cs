using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Tests.Rpc;

public sealed class RpcCallTests
{
    [Fact]
    public async Task Unary_call_returns_the_handlers_response()
    {
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.CreateTopic.Server, (request, _) => ValueTask.FromResult(
            new CreateTopicResponse { Topic = new Topic { Name = request.Name, Partitions = request.Partitions + 1 } }));
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);

        CreateTopicResponse response = await server.Channel.UnaryAsync(
            AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = "städte", Partitions = 4 }, default, CancellationToken.None);

        response.Topic.Name.ShouldBe("städte");
        response.Topic.Partitions.ShouldBe(5);
    }

    [Fact]
    public async Task A_failed_call_carries_status_message_and_typed_detail()
    {
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.GetTopic.Server, ValueTask<GetTopicResponse> (_, _) => throw new ErrorDetail
        {
            Code = ErrorCode.UnknownTopic, GrpcStatus = (int)GrpcStatusCode.NotFound, Message = "No topic 'Größe' – 100 %\n", Topic = "Größe", Partition = 0,
        }.ToException());
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);

        RpcException failure = await Should.ThrowAsync<RpcException>(
            server.Channel.UnaryAsync(AdminRpc.GetTopic.Client, new GetTopicRequest(), default, CancellationToken.None));

        failure.Status.ShouldBe(GrpcStatusCode.NotFound);
        failure.Message.ShouldBe("No topic 'Größe' – 100 %\n");
        ErrorDetail detail = failure.Detail().ShouldNotBeNull();
        detail.Code.ShouldBe(ErrorCode.UnknownTopic);
        detail.Topic.ShouldBe("Größe");
        detail.HasPartition.ShouldBeTrue();
    }

    [Fact]
    public async Task Unknown_methods_are_unimplemented()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(new RpcRoutes());

        RpcException failure = await Should.ThrowAsync<RpcException>(
            server.Channel.UnaryAsync(AdminRpc.GetTopic.Client, new GetTopicRequest(), default, CancellationToken.None));

        failure.Status.ShouldBe(GrpcStatusCode.Unimplemented);
        failure.Message.ShouldContain("/streamhouse.v1.AdminService/GetTopic");
    }

    [Fact]
    public async Task Duplex_requests_are_answered_in_order_and_errors_do_not_end_the_stream()
    {
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), async (requests, responses, _) =>
        {
            long offset = 0;
            while (await requests.MoveNextAsync())
            {
                using IncomingProduce request = requests.Current;
                if (request.Batch.Length % 7 == 3)
                {
                    await responses.WriteAsync(new(request.Correlation, 0, 0, 0, 0, new ErrorDetail { Code = ErrorCode.CorruptBatch, Message = "bad" }));
                    continue;
                }
                request.Batch.Span.IndexOfAnyExcept((byte)request.Correlation).ShouldBe(-1);
                await responses.WriteAsync(new(request.Correlation, offset, request.Batch.Length, -1, DurabilityReached.LocalFsync));
                offset += request.Batch.Length;
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);

        const int Requests = 300;
        Task writing = Task.Run(async () =>
        {
            for (int i = 1; i <= Requests; i++)
            {
                byte[] batch = new byte[i * 401 % 70_000];
                batch.AsSpan().Fill((byte)i);
                call.Enqueue(new OutgoingProduce((ulong)i, "orders", i % 3, Acks.All, batch));
                if (i % 5 == 0)
                {
                    await call.FlushAsync();
                }
            }
            await call.FlushAsync();
            call.CompleteRequests();
        });
        long expected = 0;
        for (int i = 1; i <= Requests; i++)
        {
            (await call.MoveNextAsync()).ShouldBeTrue();
            call.Current.Correlation.ShouldBe((ulong)i);
            int length = i * 401 % 70_000;
            if (length % 7 == 3)
            {
                call.Current.Error!.Code.ShouldBe(ErrorCode.CorruptBatch);
                continue;
            }
            call.Current.BaseOffset.ShouldBe(expected);
            call.Current.RecordCount.ShouldBe(length);
            call.Current.Durability.ShouldBe(DurabilityReached.LocalFsync);
            expected += length;
        }
        (await call.MoveNextAsync()).ShouldBeFalse();
        await writing;
    }

    [Fact]
    public async Task Server_streaming_delivers_large_batches_whole()
    {
        byte[] data = new byte[900_000];
        new Random(7).NextBytes(data);
        RpcRoutes routes = new();
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (request, responses, _) =>
        {
            for (int i = 0; i < 20; i++)
            {
                await responses.WriteAsync(new(i, i + 1, 0, i, 3, [data.AsMemory(0, i * 1000), data.AsMemory(i * 1000)]));
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);

        await using var call = server.Channel.ServerStreaming(ConsumerRpc.Subscribe, new SubscribeRequest { Topic = "t" }, default, CancellationToken.None);
        int count = 0;
        while (await call.MoveNextAsync())
        {
            using var delivery = call.Current;
            delivery.Partition.ShouldBe(count++);
            delivery.Batches.Span.SequenceEqual(data).ShouldBeTrue();
        }
        count.ShouldBe(20);
    }
}
