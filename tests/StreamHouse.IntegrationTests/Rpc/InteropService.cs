using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Health;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.IntegrationTests.Rpc;

/// <summary>A server whose answers say what arrived, for clients that are not ours.</summary>
internal sealed class InteropService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private InteropService(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    public static async Task<InteropService> StartAsync()
    {
        RpcServerOptions options = new() { RequestMessageBytesMax = 1_000_000 };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ApplyRpcLimits(options);
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2);
        });
        WebApplication app = builder.Build();
        app.UseRpc(Routes(), _ => null, options, TimeProvider.System);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new InteropService(app, new Uri(address).Port);
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private static RpcRoutes Routes()
    {
        RpcRoutes routes = new();
        routes.Unary(ProducerRpc.ServeProduce(PooledPayloadAllocator.Instance), Produce);
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), ProduceStreamAsync);
        routes.Unary(ConsumerRpc.ServeFetch, (request, _) => ValueTask.FromResult(new OutgoingFetch(11, 2, 12, 4, Slices(request.MaxBytes))));
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, SubscribeAsync);
        routes.Unary(AdminRpc.GetStatus.Server, async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.Aborted);
            return new GetStatusResponse();
        });
        HealthService health = new();
        health.Set(HealthService.Server, HealthCheckResponse.Types.ServingStatus.Serving);
        health.AddTo(routes);
        return routes;
    }

    private static ValueTask<ProduceResponse> Produce(IncomingProduce request, RpcContext context)
    {
        using (request)
        {
            return request.Topic == "missing"
                ? throw UnknownTopic(request).ToException()
                : ValueTask.FromResult(new ProduceResponse
                {
                    BaseOffset = request.Partition,
                    RecordCount = request.Records?.Records.Count ?? request.Batch.Length,
                    TimestampMs = -1,
                    Durability = DurabilityReached.LocalFsync,
                });
        }
    }

    private static async Task ProduceStreamAsync(RpcRequests<IncomingProduce> requests, RpcResponses<ProduceReply> responses, RpcContext context)
    {
        while (await requests.MoveNextAsync())
        {
            using IncomingProduce request = requests.Current;
            await responses.WriteAsync(request.Topic == "missing"
                ? new ProduceReply(request.Correlation, 0, 0, 0, 0, UnknownTopic(request))
                : new ProduceReply(request.Correlation, 0, request.Batch.Length, -1, DurabilityReached.LocalFsync));
        }
    }

    private static async Task SubscribeAsync(SubscribeRequest request, RpcResponses<OutgoingDelivery> responses, RpcContext context)
    {
        for (int i = 0; i < 50 || request.Topic == "endless"; i++)
        {
            await responses.WriteAsync(new OutgoingDelivery(i % 3, 100, 0, i, 4, Slices(request.MaxBytes)));
        }
        await responses.WriteAsync(OutgoingDelivery.OfHeartbeat());
    }

    private static List<ReadOnlyMemory<byte>> Slices(int bytes)
    {
        byte[] data = new byte[bytes];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = (byte)(i % 251);
        }
        return [data.AsMemory(0, bytes / 3), data.AsMemory(bytes / 3, bytes / 2), data.AsMemory((bytes / 3) + (bytes / 2))];
    }

    private static ErrorDetail UnknownTopic(IncomingProduce request) => new()
    {
        Code = ErrorCode.UnknownTopic,
        Name = nameof(ErrorCode.UnknownTopic),
        GrpcStatus = (int)GrpcStatusCode.NotFound,
        Message = $"No topic '{request.Topic}' – 100 %",
        Topic = request.Topic,
        Partition = request.Partition,
    };
}
