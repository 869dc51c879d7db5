namespace StreamHouse.Broker.Partitions;

/// <summary>Callers that wait until a partition's data is in objects. Not safe for concurrent use: the partition's lock guards it.</summary>
internal sealed class TieredWaiters
{
    private readonly List<(long Offset, TaskCompletionSource Done)> _waiting = [];

    /// <summary>A task that ends when everything below <paramref name="offset"/> is in objects.</summary>
    public Task AddAsync(long offset, CancellationToken ct)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.RemoveAll(static w => w.Done.Task.IsCompleted);
        _waiting.Add((offset, done));
        return ct.CanBeCanceled ? UntilCancelledAsync(done, ct) : done.Task;
    }

    /// <summary>Everything below <paramref name="tieredEnd"/> is in objects.</summary>
    public void OnTiered(long tieredEnd)
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Offset <= tieredEnd || _waiting[i].Done.Task.IsCompleted)
            {
                _waiting[i].Done.TrySetResult();
                _waiting.RemoveAt(i);
            }
        }
    }

    /// <summary>It will never be.</summary>
    public void FailAll(BrokerErrorCode error, string message)
    {
        foreach ((_, TaskCompletionSource done) in _waiting)
        {
            done.TrySetException(new BrokerException(error, message));
        }
        _waiting.Clear();
    }

    private static async Task UntilCancelledAsync(TaskCompletionSource done, CancellationToken ct)
    {
        await using (ct.UnsafeRegister(static (d, token) => ((TaskCompletionSource)d!).TrySetCanceled(token), done))
        {
            await done.Task;
        }
    }
}
