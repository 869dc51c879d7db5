namespace StreamHouse.Server.Kafka.Polling;

/// <summary>A timer of an event loop. Unlike others it does not wait for its callback when it is disposed of.</summary>
internal sealed class LoopTimer(LoopTimers timers, TimerCallback callback, object? state) : ITimer
{
    /// <summary>What to call.</summary>
    public TimerCallback Callback { get; } = callback;

    /// <summary>With what.</summary>
    public object? State { get; } = state;

    /// <summary>How long after one call the next is due; not positive: there is no next. Guarded by the lock of the timers, as all below.</summary>
    public TimeSpan Period { get; set; }

    /// <summary>The timer that calls back after the loop's end; null before.</summary>
    public ITimer? Successor { get; set; }

    /// <summary>Whether it is never to call back again.</summary>
    public bool IsDisposed { get; set; }

    /// <inheritdoc/>
    public bool Change(TimeSpan dueTime, TimeSpan period) => timers.Set(this, dueTime, period);

    /// <inheritdoc/>
    public void Dispose() => timers.Remove(this);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
