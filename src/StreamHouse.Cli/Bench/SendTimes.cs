namespace StreamHouse.Cli.Bench;

/// <summary>
/// The times at which the records of one partition were to be sent, oldest first, until their batch is acknowledged. One thread adds, one at
/// a time takes; the ring grows while what is in flight grows, and then no more.
/// </summary>
internal sealed class SendTimes
{
    private readonly Lock _gate = new();
    private long[] _ring = new long[1024];
    private int _head;
    private int _count;

    /// <summary>Adds a record's time, before the record is handed to the producer.</summary>
    public void Add(long timestamp)
    {
        lock (_gate)
        {
            if (_count == _ring.Length)
            {
                Grow();
            }
            _ring[(_head + _count) & (_ring.Length - 1)] = timestamp;
            _count++;
        }
    }

    /// <summary>Takes the oldest records' times and counts how long each took.</summary>
    public void Complete(int records, long now, LatencyHistogram latency)
    {
        lock (_gate)
        {
            for (int i = 0; i < records; i++)
            {
                latency.Record(now - _ring[_head]);
                _head = (_head + 1) & (_ring.Length - 1);
            }
            _count -= records;
        }
    }

    /// <summary>Forgets the oldest records, which failed.</summary>
    public void Drop(int records)
    {
        lock (_gate)
        {
            _head = (_head + records) & (_ring.Length - 1);
            _count -= records;
        }
    }

    private void Grow()
    {
        long[] larger = new long[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }
        _ring = larger;
        _head = 0;
    }
}
