namespace StreamHouse.Broker.Groups;

/// <summary>
/// What the members of all groups may occupy together. Ids that nobody has joined with yet are counted besides: a quarter is for those of groups that
/// can be given up as a whole (<see cref="ExpectedGroups"/>), and a quarter for those of all others, who give up single ids
/// (<see cref="PendingMembers"/>). Neither kind can make the other be given up.
/// </summary>
/// <param name="bytesMax">The limit.</param>
internal sealed class GroupMemory(long bytesMax)
{
    // More are never needed by clients that mean it: each comes back with its id at once.
    private readonly long _pendingMax = bytesMax / 4;

    private long _rented;
    private long _pending;
    private long _expected;

    /// <summary>Bytes in use.</summary>
    public long Rented => Volatile.Read(ref _rented);

    /// <summary>Whether ids of groups that have members, or that a call is using, occupy more than they should.</summary>
    public bool HasManyPending => Volatile.Read(ref _pending) - Volatile.Read(ref _expected) > _pendingMax;

    /// <summary>Whether ids of groups that can be given up occupy more than they should.</summary>
    public bool HasManyExpected => Volatile.Read(ref _expected) > _pendingMax;

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

    /// <summary>As <see cref="TryRent"/>, for an id that nobody has joined with yet.</summary>
    public bool TryRentPending(long bytes)
    {
        if (!TryRent(bytes))
        {
            return false;
        }
        Interlocked.Add(ref _pending, bytes);
        return true;
    }

    /// <summary>So many bytes of such ids are now those of a group that can be given up; a negative number: no longer.</summary>
    public void Expect(long bytes) => Interlocked.Add(ref _expected, bytes);

    /// <summary>Gives bytes of such ids back.</summary>
    public void ReturnPending(long bytes)
    {
        Return(bytes);
        Interlocked.Add(ref _pending, -bytes);
    }
}
