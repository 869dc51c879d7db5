namespace StreamHouse.Tests.Client;

/// <summary>
/// One thread's world: continuations queue here and run when the test says so, and time passes timer by timer. Code that escapes to another thread is
/// not seen again, which fails the test.
/// </summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly List<VirtualTimer> _timers = [];
    private readonly Loop _loop = new();
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _nextTimer;

    public DateTimeOffset Now => _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.UtcTicks;

    /// <summary>Runs a test in this world.</summary>
    public void Run(Action test)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_loop);
        try
        {
            test();
            Settle();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs what can run without time passing.</summary>
    public void Settle() => _loop.Drain();

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset until = _now + by;
        Settle();
        while (_timers.Where(timer => timer.Due <= until).OrderBy(timer => timer.Due).ThenBy(timer => timer.Number).FirstOrDefault() is { } next)
        {
            _now = next.Due > _now ? next.Due : _now;
            _timers.Remove(next);
            next.Fire();
            Settle();
        }
        _now = until;
    }

    /// <summary>Lets time pass until a task has ended, and returns its result.</summary>
    public T Await<T>(Task<T> task, int secondsMax = 600)
    {
        Await((Task)task, secondsMax);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Lets time pass until a task has ended.</summary>
    public void Await(Task task, int secondsMax = 600)
    {
        Settle();
        DateTimeOffset limit = _now + TimeSpan.FromSeconds(secondsMax);
        while (!task.IsCompleted)
        {
            (_now < limit).ShouldBeTrue($"The task has not ended within {secondsMax} s.");
            Advance(TimeSpan.FromMilliseconds(1));
        }
        task.GetAwaiter().GetResult();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        VirtualTimer timer = new(this, callback, state, _nextTimer++);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state, long number) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        public long Number => number;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time._timers.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Due = time._now + dueTime;
                time._timers.Add(this);
            }
            return true;
        }

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }

    private sealed class Loop : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
        private readonly int _thread = Environment.CurrentManagedThreadId;

        public override void Post(SendOrPostCallback d, object? state)
        {
            Environment.CurrentManagedThreadId.ShouldBe(_thread);
            _queue.Enqueue((d, state));
        }

        public void Drain()
        {
            while (_queue.TryDequeue(out (SendOrPostCallback Callback, object? State) next))
            {
                next.Callback(next.State);
            }
        }
    }
}
