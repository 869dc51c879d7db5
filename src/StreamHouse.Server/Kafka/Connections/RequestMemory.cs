namespace StreamHouse.Server.Kafka.Connections;

/// <summary>
/// Bytes of all requests that are in progress or arriving. Above the limit a connection waits its turn before it reads on; a request that is
/// larger than the limit goes alone.
/// </summary>
internal sealed class RequestMemory(long bytesMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<(TaskCompletionSource Granted, int Bytes)> _waiting = new();
    private long _used;

    /// <summary>Bytes set aside.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Whether someone waits.</summary>
    public bool IsContested
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Sets bytes aside; the task ends when they are granted, in the order of the calls. Each grant is given back by <see cref="Release"/>.</summary>
    public ValueTask ReserveAsync(int bytes)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _used += bytes;
                return ValueTask.CompletedTask;
            }
            TaskCompletionSource granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((granted, bytes));
            return new ValueTask(granted.Task);
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Release(int bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            while (_waiting.TryPeek(out (TaskCompletionSource Granted, int Bytes) next) && Fits(next.Bytes))
            {
                _waiting.Dequeue();
                _used += next.Bytes;
                next.Granted.SetResult();
            }
        }
    }

    private bool Fits(int bytes) => _used == 0 || _used + bytes <= bytesMax;
}
