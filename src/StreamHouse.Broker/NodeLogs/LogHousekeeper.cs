using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>Makes the next file ready ahead of need and takes tiered files away, one thing at a time, beside the writer.</summary>
internal sealed class LogHousekeeper(
    ILogDevice device, NodeLogOptions options, LogSpace space, LogFileStore store, TimeProvider clock, BrokerMetrics metrics, ILogger logger)
    : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource? _stopped;
    private bool _running;
    private bool _again;
    private bool _closed;
    private bool _backingOff;

    /// <summary>Appends that were refused should be tried again.</summary>
    public event Action? SpaceChanged;

    /// <summary>A file operation failed for another reason than space.</summary>
    public event Action<Exception>? Failed;

    /// <summary>Looks for work; returns at once.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _again = true;
            if (_running || _closed)
            {
                return;
            }
            _running = true;
        }
        _ = RunAsync();
    }

    /// <summary>Finishes the operation that is running and starts no other.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? stopped = null;
        lock (_gate)
        {
            _closed = true;
            if (_running)
            {
                _stopped = new TaskCompletionSource();
                stopped = _stopped.Task;
            }
        }
        _stopping.Cancel();
        if (stopped is not null)
        {
            await stopped;
        }
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await device.EnterAsync();
            while (GoOn())
            {
                while (space.TakeFree() is { } free)
                {
                    await store.RetireAsync(free.Name, free.Header, free.File, CancellationToken.None);
                }
                await PrepareNextAsync();
            }
        }
        catch (Exception e)
        {
            Stop();
            Failed?.Invoke(e);
        }
    }

    private async ValueTask PrepareNextAsync()
    {
        if (space.WantedFile(options.FilesMax) is not (long sequence, long start) || (_backingOff && !store.HasSpare))
        {
            return;
        }
        try
        {
            PreparedFile prepared = await store.PrepareAsync(sequence, start, cut: start, CancellationToken.None);
            bool retry = space.Add(await store.PublishAsync(prepared, LogLayout.FirstFrameOffset, CancellationToken.None));
            metrics.NodeLogFileReserved(succeeded: true);
            if (space.Full && prepared.IsNew)
            {
                space.Full = false;
                Log.SpaceFound(logger);
            }
            if (retry)
            {
                SpaceChanged?.Invoke();
            }
        }
        catch (LogDeviceFullException e)
        {
            metrics.NodeLogFileReserved(succeeded: false);
            if (!space.Full)
            {
                Log.Full(logger, e.Message, options.SpaceRetryDelay);
            }
            space.Full = true;
            _backingOff = true;
            _ = WakeLaterAsync(_stopping.Token);
            // Appends that wait for a file are to be told that there is none.
            SpaceChanged?.Invoke();
        }
    }

    private async Task WakeLaterAsync(CancellationToken ct)
    {
        try
        {
            await Task.Delay(options.SpaceRetryDelay, clock, ct);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        _backingOff = false;
        Wake();
    }

    private bool GoOn()
    {
        lock (_gate)
        {
            if (_again && !_closed)
            {
                _again = false;
                return true;
            }
        }
        Stop();
        return false;
    }

    private void Stop()
    {
        TaskCompletionSource? stopped;
        lock (_gate)
        {
            _running = false;
            stopped = _stopped;
        }
        stopped?.TrySetResult();
    }
}
