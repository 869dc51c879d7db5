using StreamHouse.Broker;

namespace StreamHouse.Server.Http.Status;

/// <summary>Checks that metadata and object store answer. Callers that come together share a check, and for a moment its outcome.</summary>
internal sealed class ReadinessProbe(IBroker broker, HttpApiOptions options, TimeProvider clock, ILogger<ReadinessProbe> log)
{
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

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
            // Once the token has ended the broker says who did not answer; should it say nothing, the wait ends all the same.
            await broker.CheckHealthAsync(timeout.Token).WaitAsync(options.HealthCheckTimeout + Grace, clock);
        }
        catch (BrokerException e)
        {
            fault = e.Message;
        }
        catch (Exception e) when (e is TimeoutException || (e is OperationCanceledException && timeout.IsCancellationRequested))
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
