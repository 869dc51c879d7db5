namespace StreamHouse.Simulation.Kernel;

/// <summary>A process's clocks: wall time with skew, drift and jumps, and monotonic time with the same drift.</summary>
internal sealed class SimClock(SimProcess process) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TimeSpan _bootedAt = process.Kernel.Now;

    /// <summary>How far the wall clock is ahead of true time.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>Clock seconds per true second; 1 is exact. Set before the process starts.</summary>
    public double Rate { get; set; } = 1;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        process.Kernel.CheckThread("The clock was read");
        return Start + _bootedAt + Elapsed + Skew;
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        process.Kernel.CheckThread("The clock was read");
        return Elapsed.Ticks;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ClockTimer timer = new(this, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private TimeSpan Elapsed => (process.Kernel.Now - _bootedAt) * Rate;

    private sealed class ClockTimer : ITimer
    {
        private readonly SimClock _clock;
        private readonly SimProcess _process;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private TimeSpan _period;
        private SimTimer? _timer;

        public ClockTimer(SimClock clock, SimProcess process, TimerCallback callback, object? state)
        {
            _clock = clock;
            _process = process;
            _callback = callback;
            _state = state;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _timer?.Cancel();
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                _timer = _process.Kernel.Schedule(_process, dueTime / _clock.Rate, static t => ((ClockTimer)t!).Fire(), this);
            }
            return true;
        }

        public void Dispose() => _timer?.Cancel();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            if (_period > TimeSpan.Zero)
            {
                Change(_period, _period);
            }
            _callback(_state);
        }
    }
}
