namespace StreamHouse.Client;

/// <summary>
/// Lets one in at a time, first come first served, and stays on the caller's scheduler, unlike the framework's semaphore, so that a simulation keeps
/// its order.
/// </summary>
internal sealed class AsyncLock
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private bool _isHeld;

    /// <summary>Enters if nobody is in.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_isHeld)
            {
                return false;
            }
            return _isHeld = true;
        }
    }

    /// <summary>Waits until whoever is in and came before has left, and enters.</summary>
    public ValueTask EnterAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (!_isHeld)
            {
                _isHeld = true;
                return default;
            }
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(turn);
        }
        return new ValueTask(WaitAsync(turn, ct));
    }

    /// <summary>Lets the next one in.</summary>
    public void Exit()
    {
        lock (_gate)
        {
            if (_waiting.First is not { } next)
            {
                _isHeld = false;
                return;
            }
            _waiting.RemoveFirst();
            next.Value.SetResult();
        }
    }

    private async Task WaitAsync(TaskCompletionSource turn, CancellationToken ct)
    {
        try
        {
            await Waits.UntilAsync(turn.Task, ct);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                if (_waiting.Remove(turn))
                {
                    throw;
                }
            }

            // Its turn had come already: the next one has it.
            Exit();
            throw;
        }
    }
}
