namespace StreamHouse.Broker.Groups;

/// <summary>Ids that were told to new members who have yet to join with them. The group's lock guards it.</summary>
/// <param name="memory">What they occupy counts as that of members.</param>
internal sealed class PendingMembers(GroupMemory memory)
{
    // A rough figure for the entry of one id, its text aside.
    private const int OwnBytes = 256;

    private readonly Dictionary<string, long> _dueById = new(StringComparer.Ordinal);

    public int Count => _dueById.Count;

    /// <summary>The earliest moment at which one is given up.</summary>
    public long NextDue
    {
        get
        {
            long next = long.MaxValue;
            foreach (long due in _dueById.Values)
            {
                next = Math.Min(next, due);
            }
            return next;
        }
    }

    /// <summary>Notes an id, unless the memory of all groups is used up.</summary>
    public bool TryAdd(string id, long due)
    {
        if (!memory.TryRentPending(BytesOf(id)))
        {
            return false;
        }
        _dueById.Add(id, due);
        return true;
    }

    public bool Contains(string id) => _dueById.ContainsKey(id);

    public bool Remove(string id)
    {
        if (!_dueById.Remove(id))
        {
            return false;
        }
        memory.ReturnPending(BytesOf(id));
        return true;
    }

    /// <summary>Gives up those whose time is over.</summary>
    /// <returns>How many.</returns>
    public int RemoveDue(long now)
    {
        List<string>? over = null;
        foreach ((string id, long due) in _dueById)
        {
            if (due <= now)
            {
                (over ??= []).Add(id);
            }
        }
        over?.ForEach(id => Remove(id));
        return over?.Count ?? 0;
    }

    /// <summary>Gives up all of them.</summary>
    public void Clear()
    {
        foreach (string id in _dueById.Keys)
        {
            memory.ReturnPending(BytesOf(id));
        }
        _dueById.Clear();
    }

    private static long BytesOf(string id) => OwnBytes + (2L * id.Length);
}
