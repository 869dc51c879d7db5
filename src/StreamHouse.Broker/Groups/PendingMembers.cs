namespace StreamHouse.Broker.Groups;

/// <summary>
/// Ids that were told to new members who have yet to join with them. A group always takes another: the one told longest ago makes room when there are
/// too many. The group's lock guards it.
/// </summary>
/// <param name="memory">What they occupy counts as that of members.</param>
/// <param name="idsMax">Ids at most, at least 1.</param>
internal sealed class PendingMembers(GroupMemory memory, int idsMax)
{
    // So many a group may have though others have used up the memory for ids: its clients have time to come back with theirs.
    private const int IdsAlways = 64;

    // A rough figure for the entry of one id, its text aside.
    private const int OwnBytes = 256;

    private readonly Dictionary<string, LinkedListNode<(string Id, long Due)>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Id, long Due)> _oldestFirst = [];

    public int Count => _byId.Count;

    /// <summary>What they occupy.</summary>
    public long Bytes { get; private set; }

    /// <summary>The earliest moment at which one is given up.</summary>
    public long NextDue
    {
        get
        {
            long next = long.MaxValue;
            foreach ((_, long due) in _oldestFirst)
            {
                next = Math.Min(next, due);
            }
            return next;
        }
    }

    /// <summary>Notes an id, unless the memory of all groups is used up. Gives up the oldest when there are too many.</summary>
    public bool TryAdd(string id, long due)
    {
        if (!memory.TryRentPending(BytesOf(id)))
        {
            return false;
        }
        Bytes += BytesOf(id);
        if (Count >= idsMax || (Count >= IdsAlways && memory.HasManyPending))
        {
            Remove(_oldestFirst.First!.Value.Id);
        }
        _byId.Add(id, _oldestFirst.AddLast((id, due)));
        return true;
    }

    public bool Contains(string id) => _byId.ContainsKey(id);

    public bool Remove(string id)
    {
        if (!_byId.Remove(id, out LinkedListNode<(string, long)>? place))
        {
            return false;
        }
        _oldestFirst.Remove(place);
        Bytes -= BytesOf(id);
        memory.ReturnPending(BytesOf(id));
        return true;
    }

    /// <summary>Gives up those whose time is over.</summary>
    /// <returns>How many.</returns>
    public int RemoveDue(long now)
    {
        List<string>? over = null;
        foreach ((string id, long due) in _oldestFirst)
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
        memory.ReturnPending(Bytes);
        Bytes = 0;
        _byId.Clear();
        _oldestFirst.Clear();
    }

    private static long BytesOf(string id) => OwnBytes + (2L * id.Length);
}
