using System.Diagnostics;

namespace StreamHouse.Cli.Bench;

/// <summary>What a benchmark has done so far. Safe for concurrent use.</summary>
internal sealed class BenchMeter
{
    private readonly Lock _gate = new();
    private readonly LatencyHistogram _latency = new();
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _endedAt;
    private long _records;
    private long _bytes;
    private long _failed;

    /// <summary>Records that are done, with the times at which they were to be sent.</summary>
    public void Complete(SendTimes times, int records, long bytes)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            times.Complete(records, now, _latency);
            AddLocked(now, records, bytes);
        }
    }

    /// <summary>One record that is done and when it was to be sent.</summary>
    public void Complete(long sendAt, long bytes)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            _latency.Record(now - sendAt);
            AddLocked(now, 1, bytes);
        }
    }

    /// <summary>Records that arrived, without a latency.</summary>
    public void Add(long records, long bytes)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            AddLocked(now, records, bytes);
        }
    }

    /// <summary>A latency by itself.</summary>
    public void RecordLatency(long ticks)
    {
        lock (_gate)
        {
            _latency.Record(ticks);
        }
    }

    /// <summary>Records that failed.</summary>
    public void Fail(int records)
    {
        lock (_gate)
        {
            _failed += records;
        }
    }

    /// <summary>The state now; the time ends with the last record.</summary>
    public BenchSnapshot Snapshot(bool isFinal)
    {
        lock (_gate)
        {
            long end = isFinal && _endedAt > 0 ? _endedAt : Stopwatch.GetTimestamp();
            LatencySummary? latency = _latency.Count == 0 ? null : new LatencySummary(
                Milliseconds(_latency.Sum / _latency.Count),
                Milliseconds(_latency.ValueAt(0.5)),
                Milliseconds(_latency.ValueAt(0.95)),
                Milliseconds(_latency.ValueAt(0.99)),
                Milliseconds(_latency.ValueAt(0.999)),
                Milliseconds(_latency.Max));
            return new BenchSnapshot(Stopwatch.GetElapsedTime(_startedAt, end), _records, _bytes, _failed, latency);
        }
    }

    private void AddLocked(long now, long records, long bytes)
    {
        _records += records;
        _bytes += bytes;
        _endedAt = now;
    }

    private static double Milliseconds(double ticks) => ticks * 1000 / Stopwatch.Frequency;
}

/// <summary>State of a benchmark.</summary>
/// <param name="Elapsed">Since it began.</param>
/// <param name="Records">Records done.</param>
/// <param name="Bytes">Bytes of their values.</param>
/// <param name="Failed">Records that failed.</param>
/// <param name="Latency">Null when none was measured.</param>
internal readonly record struct BenchSnapshot(TimeSpan Elapsed, long Records, long Bytes, long Failed, LatencySummary? Latency)
{
    /// <summary>Records per second.</summary>
    public double RecordsPerSecond => Elapsed > TimeSpan.Zero ? Records / Elapsed.TotalSeconds : 0;

    /// <summary>Bytes of values per second.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? Bytes / Elapsed.TotalSeconds : 0;
}

/// <summary>Latencies, all in milliseconds.</summary>
internal sealed record LatencySummary(double Mean, double P50, double P95, double P99, double P999, double Max);
