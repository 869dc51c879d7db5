using System.Collections.Immutable;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Rpc.Services;
using StreamHouse.Server.Grpc.Runtime;
using Status = StreamHouse.Rpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace StreamHouse.Server.Grpc.Health;

/// <summary>The standard health service. Whoever knows how a service is says so with <see cref="Set"/>. Safe for concurrent use.</summary>
internal sealed class HealthService
{
    /// <summary>The name that stands for the whole server.</summary>
    public const string Server = "";

    private readonly Lock _gate = new();
    private ImmutableDictionary<string, Status> _statuses = ImmutableDictionary<string, Status>.Empty;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Adds both methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(HealthRpc.Check.Server, Check);
        routes.ServerStreaming(HealthRpc.Watch.Server, WatchAsync);
    }

    /// <summary>Says how a service is; watchers are told when that changes.</summary>
    /// <param name="service">A service's full name, or <see cref="Server"/>.</param>
    /// <param name="status">How it is.</param>
    public void Set(string service, Status status)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_statuses.TryGetValue(service, out Status known) && known == status)
            {
                return;
            }
            _statuses = _statuses.SetItem(service, status);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    private ValueTask<HealthCheckResponse> Check(HealthCheckRequest request, RpcContext context)
    {
        (Status status, _) = Look(request.Service);
        return status == Status.ServiceUnknown
            ? throw new RpcException(GrpcStatusCode.NotFound, $"There is no service '{request.Service}'.")
            : ValueTask.FromResult(new HealthCheckResponse { Status = status });
    }

    private async Task WatchAsync(HealthCheckRequest request, RpcResponses<HealthCheckResponse> responses, RpcContext context)
    {
        Status? told = null;
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, context.Stopping);
        while (!context.Stopping.IsCancellationRequested)
        {
            (Status status, Task changed) = Look(request.Service);
            if (status != told)
            {
                await responses.WriteAsync(new HealthCheckResponse { Status = status });
                told = status;
            }
            await changed.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            context.Aborted.ThrowIfCancellationRequested();
        }
        throw new RpcException(GrpcStatusCode.Unavailable, "The server is shutting down.");
    }

    private (Status Status, Task Changed) Look(string service)
    {
        lock (_gate)
        {
            return (_statuses.GetValueOrDefault(service, Status.ServiceUnknown), _changed.Task);
        }
    }
}
