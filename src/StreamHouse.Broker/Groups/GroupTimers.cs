namespace StreamHouse.Broker.Groups;

/// <summary>
/// One timer for all groups, set to the earliest of their next moments. A group is looked at when its moment comes and decides then, by the
/// clock, what is due: being looked at too early does nothing.
/// </summary>
internal sealed class GroupTimers : IDisposable
{
    // An armed timer never fires early, so that a moment is over when it is looked at.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly Action<ConsumerGroup> _lookAt;
    private readonly ITimer _timer;
    private readonly SortedSet<(long Due, long Number)> _moments = [];
    private readonly Dictionary<long, (ConsumerGroup Group, long Due)> _groups = [];
    private long _armedFor = long.MaxValue;
    private bool _disposed;

    /// <param name="clock">Time.</param>
    /// <param name="lookAt">Called for each group whose moment has come; without a lock, one after another.</param>
    public GroupTimers(TimeProvider clock, Action<ConsumerGroup> lookAt)
    {
        _clock = clock;
        _lookAt = lookAt;
        _timer = clock.CreateTimer(static state => ((GroupTimers)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Now, as a timestamp of the clock.</summary>
    public long Now => _clock.GetTimestamp();

    /// <summary>Groups with a moment to come.</summary>
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

    /// <summary>The timestamp <paramref name="delay"/> from now.</summary>
    public long After(TimeSpan delay) => Now + (long)(delay.TotalSeconds * _clock.TimestampFrequency);

    /// <summary>Sets a group's only moment; <see cref="long.MaxValue"/> for none.</summary>
    public void Set(ConsumerGroup group, long due)
    {
        lock (_lock)
        {
            if (_groups.Remove(group.Number, out (ConsumerGroup Group, long Due) known))
            {
                _moments.Remove((known.Due, group.Number));
            }
            if (due != long.MaxValue && !_disposed)
            {
                _groups.Add(group.Number, (group, due));
                _moments.Add((due, group.Number));
            }
            Arm();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _moments.Clear();
            _groups.Clear();
        }
        _timer.Dispose();
    }

    private void OnTimer()
    {
        List<ConsumerGroup> due = [];
        lock (_lock)
        {
            long now = Now;
            while (_moments.Count > 0 && _moments.Min is var first && first.Due <= now)
            {
                _moments.Remove(first);
                _groups.Remove(first.Number, out (ConsumerGroup Group, long Due) entry);
                due.Add(entry.Group);
            }
            _armedFor = long.MaxValue;
            Arm();
        }
        foreach (ConsumerGroup group in due)
        {
            _lookAt(group);
        }
    }

    private void Arm()
    {
        long first = _moments.Count > 0 ? _moments.Min.Due : long.MaxValue;

        // A timer that fires for a moment that has moved away costs one look; arming it again each time would cost more.
        if (first < _armedFor && !_disposed)
        {
            _armedFor = first;
            TimeSpan wait = _clock.GetElapsedTime(Now, first);
            _timer.Change(wait > Least ? TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) : Least, Timeout.InfiniteTimeSpan);
        }
    }
}
