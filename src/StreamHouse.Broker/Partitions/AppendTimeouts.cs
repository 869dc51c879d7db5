namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Tells partitions whose oldest waiting append has waited too long: one timer for all of them, ticking only while something waits.
/// A wait may last up to one tick longer than allowed.
/// </summary>
internal sealed class AppendTimeouts(TimeProvider clock, TimeSpan waitMax)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<PartitionWriter, long> _watched = new();
    private bool _ticking;

    /// <summary>Longest wait.</summary>
    public TimeSpan WaitMax => waitMax;

    /// <summary>Whether an append that began to wait at <paramref name="since"/>, by the clock's timestamp, has waited too long.</summary>
    public bool IsOver(long since) => clock.GetElapsedTime(since) >= waitMax;

    /// <summary>Calls <see cref="PartitionWriter.OnWaitOver"/> once, when the time of an append is up that began to wait at <paramref name="since"/>.</summary>
    public void Watch(PartitionWriter partition, long since)
    {
        lock (_lock)
        {
            _watched.Enqueue(partition, since);
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
        List<PartitionWriter> over = [];
        bool more = true;
        while (more)
        {
            await Task.Delay(Tick, clock, CancellationToken.None);
            lock (_lock)
            {
                while (_watched.TryPeek(out PartitionWriter? partition, out long since) && IsOver(since))
                {
                    _watched.Dequeue();
                    over.Add(partition);
                }
            }
            foreach (PartitionWriter partition in over)
            {
                partition.OnWaitOver();
            }
            over.Clear();
            lock (_lock)
            {
                more = _ticking = _watched.Count > 0;
            }
        }
    }
}
