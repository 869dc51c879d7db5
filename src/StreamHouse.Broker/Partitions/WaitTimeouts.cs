namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Wakes waiting reads whose time is up: one timer for all of them, ticking only while something waits. Waits that end at about the same time
/// are woken together, since a thousand idle consumers cost a thread's wake-up each otherwise: a wait may last a sixteenth longer than asked,
/// at least 5 ms and at most 50. Reads that ended early are dropped once they are half of all, so that memory follows
/// the number of reads that wait, not their rate times the longest wait.
/// </summary>
internal sealed class WaitTimeouts(TimeProvider clock)
{
    private const int EndedKept = 64;

    private static readonly TimeSpan TickMin = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan TickMax = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private PriorityQueue<FetchWaiter, long> _deadlines = new();
    private int _ended;
    private long _tickAt = long.MaxValue;

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
        long now = clock.GetTimestamp();
        long tick = Ticks(TimeSpan.FromTicks(Math.Clamp(delay.Ticks / 16, TickMin.Ticks, TickMax.Ticks)));
        long deadline = (now + Ticks(delay) + tick - 1) / tick * tick;
        lock (_lock)
        {
            waiter.IsTimed = true;
            _deadlines.Enqueue(waiter, deadline);
            if (deadline >= _tickAt)
            {
                return;
            }
            _tickAt = deadline;
        }
        _ = TickAsync(deadline, now);
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

    // An earlier tick may have been called for meanwhile; then this one is the last of its kind.
    private async Task TickAsync(long at, long now)
    {
        while (at != long.MaxValue)
        {
            // Timers count whole milliseconds: one more, or this one is early.
            TimeSpan wait = TimeSpan.FromSeconds(Math.Max(0, at - now) / (double)clock.TimestampFrequency) + TimeSpan.FromMilliseconds(1);
            await Task.Delay(wait, clock, CancellationToken.None);
            lock (_lock)
            {
                now = clock.GetTimestamp();
                WakeDue(now);
                if (_tickAt != at)
                {
                    return;
                }
                at = _tickAt = _deadlines.TryPeek(out _, out long next) ? Math.Max(next, now + Ticks(TickMin)) : long.MaxValue;
            }
        }
    }

    private void WakeDue(long now)
    {
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
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * clock.TimestampFrequency);
}
