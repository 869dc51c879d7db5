using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Health.V1;

namespace StreamHouse.Rpc.Services;

/// <summary>The methods of <c>grpc.health.v1.Health</c>.</summary>
public static class HealthRpc
{
    /// <summary>The service's full name.</summary>
    public const string Service = "grpc.health.v1.Health";

    /// <summary>The status now.</summary>
    public static RpcMethod<HealthCheckRequest, HealthCheckResponse> Check { get; } = new(Service, "Check");

    /// <summary>The status now and at every change (server streaming).</summary>
    public static RpcMethod<HealthCheckRequest, HealthCheckResponse> Watch { get; } = new(Service, "Watch");
}
