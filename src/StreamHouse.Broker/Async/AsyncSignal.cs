namespace StreamHouse.Broker.Async;

/// <summary>
/// Wakes one waiting loop. A <see cref="Set"/> without a waiter is remembered, so none is lost; several count as one.
/// </summary>
internal sealed class AsyncSignal(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _waiter;
    private bool _set;

    /// <summary>Wakes the waiter, or the next one at once.</summary>
    public void Set()
    {
        TaskCompletionSource<bool>? waiter;
        lock (_lock)
        {
            waiter = _waiter;
            _waiter = null;
            _set = waiter is null;
        }
        waiter?.TrySetResult(true);
    }

    /// <summary>Waits for <see cref="Set"/>. One caller at a time.</summary>
    /// <param name="timeout">Longest wait, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <returns>False when the time ran out.</returns>
    public async Task<bool> WaitAsync(TimeSpan timeout)
    {
        TaskCompletionSource<bool> waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return true;
            }
            _waiter = waiter;
        }
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return await waiter.Task;
        }
        await using (clock.CreateTimer(Expire, waiter, timeout, Timeout.InfiniteTimeSpan))
        {
            return await waiter.Task;
        }
    }

    private void Expire(object? state)
    {
        TaskCompletionSource<bool> waiter = (TaskCompletionSource<bool>)state!;
        lock (_lock)
        {
            if (_waiter == waiter)
            {
                _waiter = null;
            }
        }
        waiter.TrySetResult(false);
    }
}
