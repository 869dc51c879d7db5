using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// The groups that have members, or are about to. A group is in the table from the first call that would give it a member until it has none and
/// no call is in progress; what must outlive that is in the store. Groups that nobody but expected members keep there make room for others, the one
/// that was used longest ago first, when there are too many groups or their ids are too large: clients that ask for ids and never come back cost
/// nobody else a place. What groups with members hold, ids included, never makes another be given up.
/// </summary>
internal sealed class GroupTable : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ConsumerGroup> _groups = new(StringComparer.Ordinal);
    private readonly ExpectedGroups _expected;
    private readonly IGroupStore _store;
    private readonly GroupOptions _options;
    private readonly IRandomSource _random;
    private readonly BrokerMetrics _metrics;
    private readonly ILogger _logger;
    private readonly GroupTimers _timers;
    private readonly GroupMemory _memory;
    private long _nextNumber;
    private bool _closed;

    public GroupTable(IGroupStore store, GroupOptions options, TimeProvider clock, IRandomSource random, BrokerMetrics metrics, ILogger logger)
    {
        _store = store;
        _options = options;
        _random = random;
        _metrics = metrics;
        _logger = logger;
        _timers = new GroupTimers(clock, OnTime);
        _memory = new GroupMemory(options.MemoryBytesMax);
        _expected = new ExpectedGroups(_memory);
    }

    /// <summary>Groups in the table.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _groups.Count;
            }
        }
    }

    /// <summary>Members of all groups.</summary>
    public long MemberCount
    {
        get
        {
            long members = 0;
            foreach (ConsumerGroup group in Snapshot())
            {
                members += group.Occupancy.Members;
            }
            return members;
        }
    }

    /// <summary>Bytes of all members.</summary>
    public long MemoryBytes => _memory.Rented;

    /// <summary>Groups that the clock is watched for.</summary>
    public int Watched => _timers.Count;

    /// <summary>Finds a group; <see cref="Release"/> must follow. Null when it has no members.</summary>
    public ConsumerGroup? Acquire(string name)
    {
        lock (_lock)
        {
            if (_groups.TryGetValue(name, out ConsumerGroup? group))
            {
                Pin(group);
            }
            return group;
        }
    }

    /// <summary>Finds a group or adds it; <see cref="Release"/> must follow.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.Overloaded"/> or <see cref="BrokerErrorCode.ShuttingDown"/>.</exception>
    public ConsumerGroup AcquireOrAdd(string name) => AcquireOrAdd(name, _options.GroupsMax);

    /// <summary>Finds a group or adds it, however many there are: whoever deletes adds no member. <see cref="Release"/> must follow.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.ShuttingDown"/>.</exception>
    public ConsumerGroup AcquireToDelete(string name) => AcquireOrAdd(name, int.MaxValue);

    /// <summary>Ends a call on a group; one without members goes.</summary>
    public void Release(ConsumerGroup group)
    {
        lock (_lock)
        {
            Unpin(group);
        }
    }

    /// <summary>Makes sure that a group knows what is stored of it.</summary>
    /// <exception cref="BrokerException">The store failed.</exception>
    public Task LoadAsync(ConsumerGroup group)
    {
        lock (_lock)
        {
            if (group.Loading is null or { IsFaulted: true })
            {
                group.Loading = ReadAsync(group);
            }
            return group.Loading;
        }
    }

    /// <summary>The groups with members, in no order.</summary>
    public List<ConsumerGroup> Snapshot()
    {
        lock (_lock)
        {
            return [.. _groups.Values];
        }
    }

    /// <summary>Groups in a state that groups with members can be in.</summary>
    public long CountIn(GroupState state)
    {
        long groups = 0;
        foreach (ConsumerGroup group in Snapshot())
        {
            groups += group.State == state ? 1 : 0;
        }
        return groups;
    }

    /// <summary>Answers everybody who waits, and takes no more groups.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
        }
        _timers.Dispose();
        foreach (ConsumerGroup group in Snapshot())
        {
            group.Close();
        }
    }

    private ConsumerGroup AcquireOrAdd(string name, int groupsMax)
    {
        lock (_lock)
        {
            if (_closed)
            {
                throw new BrokerException(BrokerErrorCode.ShuttingDown, "The server is shutting down; join at its successor.");
            }
            if (!_groups.TryGetValue(name, out ConsumerGroup? group))
            {
                if (_groups.Count >= groupsMax)
                {
                    TryGiveUpExpected();
                }
                if (_groups.Count >= groupsMax)
                {
                    throw new BrokerException(BrokerErrorCode.Overloaded, $"{_groups.Count} groups have members, as many as may (Groups:GroupsMax).");
                }
                group = new ConsumerGroup(name, _nextNumber++, _options, _timers, _memory, _random, _metrics, _logger);
                _groups.Add(name, group);
            }
            Pin(group);
            while (_expected.AreTooLarge && TryGiveUpExpected())
            {
                // Until their ids have no more than their part of the memory.
            }
            return group;
        }
    }

    // Nobody gives up a group that a call is using.
    private void Pin(ConsumerGroup group)
    {
        group.Pins++;
        _expected.Remove(group);
    }

    private void Unpin(ConsumerGroup group)
    {
        // The group may have left the table before its moment came, and another of its name be there.
        if (--group.Pins > 0 || _groups.GetValueOrDefault(group.Name) != group)
        {
            return;
        }
        GroupOccupancy occupancy = group.Occupancy;
        if (occupancy.IsVacant)
        {
            _groups.Remove(group.Name);
        }
        else if (occupancy.IsExpected)
        {
            _expected.Add(group, occupancy.PendingBytes);
        }
    }

    private bool TryGiveUpExpected()
    {
        if (_expected.RemoveOldest() is not { } group)
        {
            return false;
        }
        _groups.Remove(group.Name);
        group.GiveUpPending();
        return true;
    }

    private async Task ReadAsync(ConsumerGroup group)
    {
        if (await StorageFaults.TranslateAsync(() => _store.FindGroupAsync(group.Name, CancellationToken.None)) is { } stored)
        {
            group.Restore(stored);
        }
    }

    private void OnTime(ConsumerGroup group)
    {
        lock (_lock)
        {
            Pin(group);
        }
        group.OnTime();
        lock (_lock)
        {
            Unpin(group);
        }
    }
}
