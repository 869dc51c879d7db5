namespace StreamHouse.Broker.Async;

/// <summary>
/// Lets at most a number of callers in at once, in arrival order. A semaphore whose waiters resume where they awaited
/// (the framework's resumes them on pool threads, which a simulation cannot follow).
/// </summary>
internal sealed class AsyncGate
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _free;

    /// <param name="places">Callers let in at once; at least 1.</param>
    public AsyncGate(int places)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(places);
        _free = places;
    }

    /// <summary>Waits for a place. Every entry is followed by one <see cref="Leave"/>.</summary>
    public Task EnterAsync()
    {
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }
            TaskCompletionSource waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(waiter);
            return waiter.Task;
        }
    }

    /// <summary>Gives the place to the longest waiting caller.</summary>
    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out next))
            {
                _free++;
            }
        }
        next?.SetResult();
    }
}
