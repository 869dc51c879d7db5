namespace StreamHouse.Broker.Groups;

/// <summary>Ids that were told to new members who have yet to join with them. The group's lock guards it.</summary>
internal sealed class PendingMembers
{
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

    public void Add(string id, long due) => _dueById.Add(id, due);

    public bool Contains(string id) => _dueById.ContainsKey(id);

    public bool Remove(string id) => _dueById.Remove(id);

    public void Clear() => _dueById.Clear();

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
        over?.ForEach(id => _dueById.Remove(id));
        return over?.Count ?? 0;
    }
}
