namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Wakes waiting reads whose time is up: one timer for all of them, ticking only while something waits.
/// A wait may last up to one tick longer than asked.
/// </summary>
internal sealed class WaitTimeouts(TimeProvider clock)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<FetchWaiter, long> _deadlines = new();
    private bool _ticking;

    /// <summary>Wakes <paramref name="waiter"/> after <paramref name="delay"/>; waking one that is done already does nothing.</summary>
    public void WakeAfter(FetchWaiter waiter, TimeSpan delay)
    {
        lock (_lock)
        {
            _deadlines.Enqueue(waiter, clock.GetTimestamp() + (long)(delay.TotalSeconds * clock.TimestampFrequency));
            if (_ticking)
            {
                return;
            }
            _ticking = true;
        }
        _ = TickAsync();
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
                while (_deadlines.TryPeek(out FetchWaiter? waiter, out long deadline) && (deadline <= now || waiter.Woken.IsCompleted))
                {
                    _deadlines.Dequeue();
                    waiter.Wake();
                }
                more = _ticking = _deadlines.Count > 0;
            }
        }
    }
}
