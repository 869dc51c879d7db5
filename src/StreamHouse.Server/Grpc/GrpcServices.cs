using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Rpc.Services;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Grpc.Admin;
using StreamHouse.Server.Grpc.Consuming;
using StreamHouse.Server.Grpc.Groups;
using StreamHouse.Server.Grpc.Health;
using StreamHouse.Server.Grpc.Producing;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Grpc;

/// <summary>All gRPC services over one broker.</summary>
internal sealed class GrpcServices
{
    private static readonly string[] Names = [HealthService.Server, ProducerRpc.Service, ConsumerRpc.Service, AdminRpc.Service, GroupRpc.Service];

    private readonly HealthService _health = new();

    public GrpcServices(IBroker broker, BrokerMetrics metrics, TimeProvider clock, ServerIdentity identity, ServerSettings settings)
    {
        Routes = new RpcRoutes();
        _health.AddTo(Routes);
        new ProducerService(broker, metrics, clock, settings.Get<ProduceOptions>()).AddTo(Routes);
        new ConsumerService(broker, metrics, clock, settings.Get<ConsumeOptions>()).AddTo(Routes);
        new AdminService(broker).AddTo(Routes);
        new OffsetService(broker).AddTo(Routes);
        new GroupService(broker).AddTo(Routes);
        new GroupOffsetService(broker).AddTo(Routes);
        new StatusService(broker, identity).AddTo(Routes);
        SetServing(true);
    }

    /// <summary>The methods by path.</summary>
    public RpcRoutes Routes { get; }

    /// <summary>What the health service says of every service.</summary>
    public void SetServing(bool serving)
    {
        foreach (string name in Names)
        {
            _health.Set(name, serving ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing);
        }
    }
}
