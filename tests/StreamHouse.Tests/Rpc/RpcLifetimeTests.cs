using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Tests.Rpc;

/// <summary>Deadlines, cancellation, peers that vanish.</summary>
public sealed class RpcLifetimeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_deadline_ends_the_call_on_both_sides()
    {
        TaskCompletionSource<bool> handlerSaw = new();
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.ListGroups.Server, (_, _) => ValueTask.FromResult(new ListGroupsResponse()));
        routes.Unary(AdminRpc.GetStatus.Server, async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.Aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            handlerSaw.SetResult(true);
            context.Aborted.ThrowIfCancellationRequested();
            return new GetStatusResponse();
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        // Connects, so that the deadline is not spent on that.
        await server.Channel.UnaryAsync(AdminRpc.ListGroups.Client, new ListGroupsRequest(), default, CancellationToken.None);

        RpcException failure = await Should.ThrowAsync<RpcException>(server.Channel.UnaryAsync(
            AdminRpc.GetStatus.Client, new GetStatusRequest(), new RpcCallOptions(TimeSpan.FromMilliseconds(500)), CancellationToken.None));

        failure.Status.ShouldBe(GrpcStatusCode.DeadlineExceeded);
        (await handlerSaw.Task.WaitAsync(Patience)).ShouldBeTrue();
    }

    [Fact]
    public async Task The_server_honours_a_deadline_the_client_does_not_watch()
    {
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.GetStatus.Server, async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.Aborted);
            return new GetStatusResponse();
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);

        RpcException failure = await Should.ThrowAsync<RpcException>(server.Channel.UnaryAsync(
            AdminRpc.GetStatus.Client, new GetStatusRequest(), new RpcCallOptions(Headers: [new("grpc-timeout", "100m")]), CancellationToken.None));

        failure.Status.ShouldBe(GrpcStatusCode.DeadlineExceeded);
        failure.InnerException.ShouldBeNull(); // It came from the server, not from a timer here.
    }

    [Fact]
    public async Task A_deadline_ends_a_stream_that_nobody_reads()
    {
        TaskCompletionSource<Exception> ended = new();
        RpcRoutes routes = new();
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (_, responses, _) =>
        {
            byte[] data = new byte[256 * 1024];
            try
            {
                while (true)
                {
                    await responses.WriteAsync(new(0, 0, 0, 0, 0, [data]));
                }
            }
            catch (Exception e)
            {
                ended.SetResult(e);
                throw;
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using ServerStreamingCall<IncomingDelivery> call = server.Channel.ServerStreaming(
            ConsumerRpc.Subscribe, new SubscribeRequest(), new RpcCallOptions(Headers: [new("grpc-timeout", "700m")]), CancellationToken.None);

        (await ended.Task.WaitAsync(Patience)).ShouldBeAssignableTo<OperationCanceledException>();

        RpcException failure = await Should.ThrowAsync<RpcException>(async () =>
        {
            while (await call.MoveNextAsync())
            {
                call.Current.Dispose();
            }
        });
        failure.Status.ShouldBeOneOf(GrpcStatusCode.Cancelled, GrpcStatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task Cancelling_a_call_reaches_its_handler()
    {
        TaskCompletionSource entered = new();
        TaskCompletionSource cancelled = new();
        RpcRoutes routes = new();
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (_, responses, context) =>
        {
            await responses.WriteAsync(OutgoingDelivery.OfHeartbeat());
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, context.Aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancelled.SetResult();
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        using CancellationTokenSource stop = new();
        await using ServerStreamingCall<IncomingDelivery> call =
            server.Channel.ServerStreaming(ConsumerRpc.Subscribe, new SubscribeRequest(), default, stop.Token);
        (await call.MoveNextAsync()).ShouldBeTrue();
        call.Current.Heartbeat.ShouldBeTrue();
        await entered.Task.WaitAsync(Patience);

        stop.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(call.MoveNextAsync().AsTask());
        await cancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Disposing_a_duplex_call_ends_the_servers_reads()
    {
        TaskCompletionSource<Exception?> ended = new();
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), async (requests, responses, _) =>
        {
            try
            {
                while (await requests.MoveNextAsync())
                {
                    requests.Current.Dispose();
                    await responses.WriteAsync(new(1, 0, 0, 0, 0));
                }
                ended.SetResult(null);
            }
            catch (Exception e)
            {
                ended.SetResult(e);
                throw;
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        await call.WriteAsync(new OutgoingProduce(1, "t", 0, Acks.All, new byte[10]));
        (await call.MoveNextAsync()).ShouldBeTrue();
        Task<bool> reading = call.MoveNextAsync().AsTask();

        await call.DisposeAsync();

        (await ended.Task.WaitAsync(Patience)).ShouldBeAssignableTo<OperationCanceledException>();
        (await Should.ThrowAsync<RpcException>(reading)).Status.ShouldBe(GrpcStatusCode.Cancelled);
    }

    [Fact]
    public async Task Stopping_a_stream_whose_client_has_gone_does_nothing()
    {
        TaskCompletionSource<Exception?> stopped = new();
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), async (requests, responses, context) =>
        {
            await responses.WriteAsync(new(1, 0, 0, 0, 0));
            // As a stream whose answers still wait for the disk when its client goes, and then the server is told to stop.
            await Task.Delay(Timeout.Infinite, context.Aborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(100);
            stopped.SetResult(Xunit.Record.Exception(requests.Stop));
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        await call.WriteAsync(new OutgoingProduce(1, "t", 0, Acks.All, new byte[10]));
        (await call.MoveNextAsync()).ShouldBeTrue();

        await call.DisposeAsync();

        (await stopped.Task.WaitAsync(Patience)).ShouldBeNull();
    }

    [Fact]
    public async Task Nobody_listening_is_unavailable_for_every_kind_of_call()
    {
        using TcpListener reserved = new(IPAddress.Loopback, 0);
        reserved.Start();
        int port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        reserved.Stop();
        using RpcChannel channel = new(new Uri($"http://127.0.0.1:{port}"), TimeProvider.System);

        (await Should.ThrowAsync<RpcException>(channel.UnaryAsync(AdminRpc.GetStatus.Client, new GetStatusRequest(), default, CancellationToken.None)))
            .Status.ShouldBe(GrpcStatusCode.Unavailable);
        await using DuplexCall<OutgoingProduce, ProduceReply> call = channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        (await Should.ThrowAsync<RpcException>(call.WriteAsync(new OutgoingProduce(1, "t", 0, Acks.All, new byte[1])).AsTask()))
            .Status.ShouldBe(GrpcStatusCode.Unavailable);
        (await Should.ThrowAsync<RpcException>(call.MoveNextAsync().AsTask())).Status.ShouldBe(GrpcStatusCode.Unavailable);
    }

    [Fact]
    public async Task A_server_that_goes_away_makes_open_calls_unavailable()
    {
        RpcRoutes routes = new();
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (_, responses, context) =>
        {
            await responses.WriteAsync(OutgoingDelivery.OfHeartbeat());
            context.Http.Features.Get<IConnectionLifetimeFeature>()!.Abort();
            await Task.Delay(Timeout.Infinite, context.Aborted);
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using ServerStreamingCall<IncomingDelivery> call =
            server.Channel.ServerStreaming(ConsumerRpc.Subscribe, new SubscribeRequest(), default, CancellationToken.None);

        RpcException failure = await Should.ThrowAsync<RpcException>(async () =>
        {
            while (await call.MoveNextAsync())
            {
            }
        });
        failure.Status.ShouldBe(GrpcStatusCode.Unavailable);
    }

    [Fact]
    public async Task A_slow_reader_slows_the_server_down()
    {
        long written = 0;
        byte[] data = new byte[256 * 1024];
        RpcRoutes routes = new();
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (_, responses, _) =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await responses.WriteAsync(new(0, 0, 0, i, 0, [data]));
                Interlocked.Add(ref written, data.Length);
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using ServerStreamingCall<IncomingDelivery> call =
            server.Channel.ServerStreaming(ConsumerRpc.Subscribe, new SubscribeRequest(), default, CancellationToken.None);
        (await call.MoveNextAsync()).ShouldBeTrue();
        call.Current.Dispose();

        long before;
        do
        {
            before = Interlocked.Read(ref written);
            await Task.Delay(200);
        }
        while (Interlocked.Read(ref written) != before);

        before.ShouldBeLessThan(64L * 1024 * 1024); // of 250 MiB: the windows and the response buffer, not everything
    }
}
