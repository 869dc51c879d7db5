using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Rpc.Services;
using StreamHouse.Server.Grpc.Health;
using StreamHouse.Server.Grpc.Runtime;
using Status = StreamHouse.Rpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace StreamHouse.Tests.Rpc;

public sealed class HealthServiceTests
{
    private readonly HealthService _health = new();

    [Fact]
    public async Task Check_tells_the_status_and_does_not_know_other_services()
    {
        await using RpcTestServer server = await StartAsync();
        _health.Set(HealthService.Server, Status.Serving);
        _health.Set(ProducerRpc.Service, Status.NotServing);

        (await CheckAsync(server, "")).ShouldBe(Status.Serving);
        (await CheckAsync(server, ProducerRpc.Service)).ShouldBe(Status.NotServing);
        (await Should.ThrowAsync<RpcException>(CheckAsync(server, "nobody"))).Status.ShouldBe(GrpcStatusCode.NotFound);
    }

    [Fact]
    public async Task Watch_tells_every_change_and_ends_when_the_server_stops()
    {
        RpcTestServer server = await StartAsync();
        await using ServerStreamingCall<HealthCheckResponse> watch = server.Channel.ServerStreaming(
            HealthRpc.Watch.Client, new HealthCheckRequest { Service = "late" }, default, CancellationToken.None);

        foreach (Status status in new[] { Status.ServiceUnknown, Status.Serving, Status.NotServing, Status.Serving })
        {
            if (status != Status.ServiceUnknown)
            {
                _health.Set("late", status);
            }
            (await watch.MoveNextAsync()).ShouldBeTrue();
            watch.Current.Status.ShouldBe(status);
        }
        Task<bool> next = watch.MoveNextAsync().AsTask();
        _health.Set("late", Status.Serving); // No change: nothing is told.
        next.IsCompleted.ShouldBeFalse();
        await server.StopAsync();
        (await Should.ThrowAsync<RpcException>(next)).Status.ShouldBe(GrpcStatusCode.Unavailable);
        await server.DisposeAsync();
    }

    private Task<RpcTestServer> StartAsync()
    {
        RpcRoutes routes = new();
        _health.AddTo(routes);
        return RpcTestServer.StartAsync(routes);
    }

    private static async Task<Status> CheckAsync(RpcTestServer server, string service) => (await server.Channel.UnaryAsync(
        HealthRpc.Check.Client, new HealthCheckRequest { Service = service }, default, CancellationToken.None)).Status;
}
