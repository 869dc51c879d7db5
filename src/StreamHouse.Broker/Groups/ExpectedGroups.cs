namespace StreamHouse.Broker.Groups;

/// <summary>
/// Groups without members that no call is using, whose clients have been told ids to join with: those that may be given up. The table's lock guards
/// it.
/// </summary>
/// <param name="memory">Knows how much their ids may occupy.</param>
internal sealed class ExpectedGroups(GroupMemory memory)
{
    private readonly LinkedList<ExpectedGroup> _oldestFirst = [];

    /// <summary>Whether their ids occupy more than they should.</summary>
    public bool AreTooLarge => memory.HasManyExpected;

    /// <summary>Adds a group that no call uses any more, as the one that was used last. Until it is removed, its ids stay as they are.</summary>
    public void Add(ConsumerGroup group, long pendingBytes)
    {
        group.Expected = _oldestFirst.AddLast(new ExpectedGroup(group, pendingBytes));
        memory.Expect(pendingBytes);
    }

    /// <summary>Removes a group if it is there.</summary>
    public void Remove(ConsumerGroup group)
    {
        if (group.Expected is { } place)
        {
            _oldestFirst.Remove(place);
            group.Expected = null;
            memory.Expect(-place.Value.PendingBytes);
        }
    }

    /// <summary>Removes the one that was used longest ago; null when there is none.</summary>
    public ConsumerGroup? RemoveOldest()
    {
        if (_oldestFirst.First is not { Value.Group: { } group })
        {
            return null;
        }
        Remove(group);
        return group;
    }
}

/// <summary>A group that may be given up.</summary>
/// <param name="Group">The group.</param>
/// <param name="PendingBytes">What its ids occupy.</param>
internal readonly record struct ExpectedGroup(ConsumerGroup Group, long PendingBytes);
