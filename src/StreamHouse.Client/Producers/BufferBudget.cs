namespace StreamHouse.Client.Producers;

/// <summary>
/// Bounds the bytes of records that wait for acknowledgement. Who does not fit waits, first come first served.
/// </summary>
/// <param name="bytesMax">The bound.</param>
internal sealed class BufferBudget(long bytesMax)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _used;
    private int _waiting;

    /// <summary>Bytes in use.</summary>
    public long UsedBytes => Volatile.Read(ref _used);

    /// <summary>Takes bytes if they are free and nobody waits for them.</summary>
    public bool TryTake(long bytes)
    {
        if (Volatile.Read(ref _waiting) != 0)
        {
            return false;
        }
        if (Interlocked.Add(ref _used, bytes) <= bytesMax)
        {
            return true;
        }
        Release(bytes);
        return false;
    }

    /// <summary>Takes bytes, waiting for them.</summary>
    /// <exception cref="StreamHouseException">More bytes are asked for than there will ever be.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; nothing was taken.</exception>
    public async Task TakeAsync(long bytes, CancellationToken ct)
    {
        if (bytes > bytesMax)
        {
            throw new StreamHouseException(
                StreamHouseErrorCode.BatchTooLarge,
                $"A record of {bytes} bytes does not fit the producer's buffer of {bytesMax}; raise {nameof(ProducerOptions.BufferBytesMax)}.");
        }
        Waiter waiter = new(bytes);
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            node = _waiters.AddLast(waiter);
            Interlocked.Increment(ref _waiting);
            GrantLocked();
        }
        if (!ct.CanBeCanceled)
        {
            await waiter.Granted.Task;
            return;
        }
        using (ct.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter.Granted))
        {
            try
            {
                await waiter.Granted.Task;
            }
            catch (OperationCanceledException)
            {
                Forget(node);
                throw;
            }
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Release(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        if (Volatile.Read(ref _waiting) != 0)
        {
            lock (_gate)
            {
                GrantLocked();
            }
        }
    }

    private void GrantLocked()
    {
        while (_waiters.First is { } first)
        {
            long bytes = first.Value.Bytes;
            if (Interlocked.Add(ref _used, bytes) > bytesMax)
            {
                // Whoever released in between has seen _waiting and comes here after us.
                Interlocked.Add(ref _used, -bytes);
                return;
            }
            _waiters.RemoveFirst();
            Interlocked.Decrement(ref _waiting);
            if (!first.Value.Granted.TrySetResult())
            {
                Interlocked.Add(ref _used, -bytes);
            }
        }
    }

    private void Forget(LinkedListNode<Waiter> node)
    {
        lock (_gate)
        {
            if (node.List is not null)
            {
                _waiters.Remove(node);
                Interlocked.Decrement(ref _waiting);
                GrantLocked();
            }
        }
    }

    private sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
