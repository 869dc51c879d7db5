namespace StreamHouse.Server.Kafka.Polling;

/// <summary>The timers of an event loop: the loop waits no longer than until the next, and calls back on its thread.</summary>
/// <param name="loop">The loop.</param>
/// <param name="clock">Measures the time, and has the timers after the loop's end.</param>
internal sealed class LoopTimers(EventLoop loop, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<LoopTimer, long> _due = new();
    private bool _ended;

    /// <summary>Milliseconds until the next timer is due, rounded up; negative when there is none.</summary>
    public int UntilNext()
    {
        lock (_gate)
        {
            if (!_due.TryPeek(out _, out long at))
            {
                return -1;
            }
            TimeSpan left = clock.GetElapsedTime(clock.GetTimestamp(), at);
            return (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue);
        }
    }

    /// <summary>Calls back for the timers that are due. On the loop's thread.</summary>
    public void Run(SynchronizationContext context)
    {
        long now = clock.GetTimestamp();
        while (TakeDue(now) is { } timer)
        {
            SynchronizationContext.SetSynchronizationContext(context);
            timer.Callback(timer.State);
        }
    }

    /// <summary>The loop runs no more: the clock has the timers.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            while (_due.TryDequeue(out LoopTimer? timer, out long at))
            {
                TimeSpan left = clock.GetElapsedTime(clock.GetTimestamp(), at);
                HandOver(timer, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
        }
    }

    /// <summary>Sets or stops a timer.</summary>
    /// <returns>False when it was disposed of.</returns>
    public bool Set(LoopTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            if (timer.IsDisposed)
            {
                return false;
            }
            _due.Remove(timer, out _, out _);
            timer.Period = period;
            if (_ended)
            {
                HandOver(timer, dueTime);
                return true;
            }
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return true;
            }
            _due.Enqueue(timer, clock.GetTimestamp() + Ticks(dueTime));
        }
        loop.Wake();
        return true;
    }

    /// <summary>Stops a timer for good.</summary>
    public void Remove(LoopTimer timer)
    {
        lock (_gate)
        {
            timer.IsDisposed = true;
            _due.Remove(timer, out _, out _);
            timer.Successor?.Dispose();
        }
    }

    private void HandOver(LoopTimer timer, TimeSpan dueTime)
    {
        TimeSpan period = timer.Period > TimeSpan.Zero ? timer.Period : Timeout.InfiniteTimeSpan;
        if (timer.Successor is { } successor)
        {
            successor.Change(dueTime, period);
        }
        else
        {
            timer.Successor = clock.CreateTimer(timer.Callback, timer.State, dueTime, period);
        }
    }

    private LoopTimer? TakeDue(long now)
    {
        lock (_gate)
        {
            if (!_due.TryPeek(out LoopTimer? timer, out long at) || at > now)
            {
                return null;
            }
            _due.Dequeue();
            if (timer.Period > TimeSpan.Zero)
            {
                _due.Enqueue(timer, Math.Max(now, at + Ticks(timer.Period)));
            }
            return timer;
        }
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * clock.TimestampFrequency);
}
