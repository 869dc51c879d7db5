namespace StreamHouse.Broker.Partitions;

/// <summary>A read that waits until enough bytes have become visible, its time is up, or it is cancelled.</summary>
internal sealed class FetchWaiter(int missingBytes)
{
    private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missingBytes = missingBytes;

    /// <summary>Whether <see cref="WaitTimeouts"/> holds it. Guarded by its lock.</summary>
    internal bool IsTimed { get; set; }

    /// <summary>Ends when the read should look again.</summary>
    public Task Woken => _woken.Task;

    /// <summary>Bytes have become visible, on any of the partitions.</summary>
    public void BytesVisible(int bytes)
    {
        if (Interlocked.Add(ref _missingBytes, -bytes) <= 0)
        {
            Wake();
        }
    }

    /// <summary>Ends the wait.</summary>
    public void Wake() => _woken.TrySetResult();
}
