namespace StreamHouse.Server.Kafka.Polling;

/// <summary>
/// The system's time, with timers that call back where they were made: on the event loop, if that is where (see <see cref="EventLoop.Stay"/>),
/// else on the pool. For the engine, whose long polls end by such timers.
/// </summary>
internal sealed class LoopClock : TimeProvider
{
    private LoopClock()
    {
    }

    /// <summary>The only one: it has no state.</summary>
    public static LoopClock Instance { get; } = new();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        SynchronizationContext.Current is LoopContext context
            ? context.Loop.CreateTimer(callback, state, dueTime, period)
            : base.CreateTimer(callback, state, dueTime, period);
}
