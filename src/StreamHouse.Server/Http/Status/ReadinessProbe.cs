using StreamHouse.Broker;

namespace StreamHouse.Server.Http.Status;

/// <summary>Checks that metadata and object store answer. Callers that come together share a check, and for a moment its outcome.</summary>
internal sealed class ReadinessProbe(IBroker broker, HttpApiOptions options, TimeProvider clock, ILogger<ReadinessProbe> log)
{
    private readonly Lock _starting = new();
    private Task<string?>? _check;
    private long _endedAt;

    /// <summary>Why the server is not ready, or null when it is.</summary>
    public Task<string?> FindFaultAsync()
    {
        lock (_starting)
        {
            bool stale = _check is null || (_check.IsCompleted && clock.GetElapsedTime(Volatile.Read(ref _endedAt)) >= options.HealthCacheTime);
            return stale ? _check = CheckAsync() : _check!;
        }
    }

    private async Task<string?> CheckAsync()
    {
        string? fault = null;
        using var timeout = new CancellationTokenSource(options.HealthCheckTimeout, clock);
        try
        {
            // The wait ends on time even when a store ignores its token.
            await broker.CheckHealthAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (BrokerException e)
        {
            fault = e.Message;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            fault = $"Metadata or object store did not answer within {options.HealthCheckTimeout.TotalSeconds} s.";
        }
        if (fault is not null)
        {
            log.NotReady(fault);
        }
        Volatile.Write(ref _endedAt, clock.GetTimestamp());
        return fault;
    }
}
