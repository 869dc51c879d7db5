namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Wakes waiting reads whose time is up: one timer for all of them, ticking only while something waits.
/// A wait may last up to one tick longer than asked. Reads that ended early are dropped once they are half of all, so that memory follows
/// the number of reads that wait, not their rate times the longest wait.
/// </summary>
internal sealed class WaitTimeouts(TimeProvider clock)
{
    private const int EndedKept = 64;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private PriorityQueue<FetchWaiter, long> _deadlines = new();
    private int _ended;
    private bool _ticking;

    /// <summary>Waiters held: those that wait, and at most as many, or 64, that have ended.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _deadlines.Count;
            }
        }
    }

    /// <summary>Wakes <paramref name="waiter"/> after <paramref name="delay"/>; waking one that is done already does nothing.</summary>
    public void WakeAfter(FetchWaiter waiter, TimeSpan delay)
    {
        lock (_lock)
        {
            waiter.IsTimed = true;
            _deadlines.Enqueue(waiter, clock.GetTimestamp() + (long)(delay.TotalSeconds * clock.TimestampFrequency));
            if (_ticking)
            {
                return;
            }
            _ticking = true;
        }
        _ = TickAsync();
    }

    /// <summary>The wait is over, for whatever reason.</summary>
    public void End(FetchWaiter waiter)
    {
        lock (_lock)
        {
            if (!waiter.IsTimed)
            {
                return;
            }
            waiter.IsTimed = false;
            _ended++;
            if (_ended > EndedKept && _ended > _deadlines.Count / 2)
            {
                DropEnded();
            }
        }
    }

    private void DropEnded()
    {
        PriorityQueue<FetchWaiter, long> waiting = new(_deadlines.Count - _ended);
        foreach ((FetchWaiter waiter, long deadline) in _deadlines.UnorderedItems)
        {
            if (waiter.IsTimed)
            {
                waiting.Enqueue(waiter, deadline);
            }
        }
        _deadlines = waiting;
        _ended = 0;
    }

    private async Task TickAsync()
    {
        bool more = true;
        while (more)
        {
            await Task.Delay(Tick, clock, CancellationToken.None);
            lock (_lock)
            {
                long now = clock.GetTimestamp();
                while (_deadlines.TryPeek(out FetchWaiter? waiter, out long deadline) && (deadline <= now || !waiter.IsTimed))
                {
                    _deadlines.Dequeue();
                    if (!waiter.IsTimed)
                    {
                        _ended--;
                        continue;
                    }
                    waiter.IsTimed = false;
                    waiter.Wake();
                }
                more = _ticking = _deadlines.Count > 0;
            }
        }
    }
}
