namespace StreamHouse.Broker.Groups;

/// <summary>What the members of all groups may occupy together.</summary>
/// <param name="bytesMax">The limit.</param>
internal sealed class GroupMemory(long bytesMax)
{
    private long _rented;

    /// <summary>Bytes in use.</summary>
    public long Rented => Volatile.Read(ref _rented);

    /// <summary>Takes bytes, or none when they do not fit. A negative number gives back.</summary>
    public bool TryRent(long bytes)
    {
        if (Interlocked.Add(ref _rented, bytes) <= bytesMax || bytes <= 0)
        {
            return true;
        }
        Interlocked.Add(ref _rented, -bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long bytes) => Interlocked.Add(ref _rented, -bytes);
}
