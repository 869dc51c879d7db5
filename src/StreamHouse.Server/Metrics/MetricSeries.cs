namespace StreamHouse.Server.Metrics;

/// <summary>One combination of an instrument's tags and what was measured under it. Recording takes no lock and allocates nothing.</summary>
internal sealed class MetricSeries
{
    private const int Value = 0;

    private readonly MetricKind _kind;
    private readonly double[] _bounds;
    private readonly ShardedSum _sums;
    private long _observed;

    /// <param name="kind">How measurements are taken in.</param>
    /// <param name="bounds">For a histogram: ascending upper bounds of its buckets, the last one (infinity) left out.</param>
    /// <param name="tags">Names and values, in the order they were recorded with.</param>
    public MetricSeries(MetricKind kind, double[] bounds, KeyValuePair<string, string>[] tags)
    {
        _kind = kind;
        _bounds = bounds;
        Tags = tags;

        // A histogram's sum lies in cell 0 and its bucket counts, infinity's included, follow.
        _sums = new ShardedSum(kind == MetricKind.Histogram ? bounds.Length + 2 : 1);
    }

    public KeyValuePair<string, string>[] Tags { get; }

    public void Record(double measurement)
    {
        switch (_kind)
        {
            case MetricKind.Histogram:
                _sums.Add(1 + BucketOf(measurement), 1);
                _sums.AddDouble(Value, measurement);
                break;
            case MetricKind.Gauge or MetricKind.ObservedCounter:
                Volatile.Write(ref _observed, BitConverter.DoubleToInt64Bits(measurement));
                break;
            default:
                _sums.AddDouble(Value, measurement);
                break;
        }
    }

    public double ReadValue() =>
        _kind is MetricKind.Gauge or MetricKind.ObservedCounter ? BitConverter.Int64BitsToDouble(Volatile.Read(ref _observed)) : _sums.ReadDouble(Value);

    /// <summary>Measurements in bucket <paramref name="index"/> alone; the bucket after the last bound is infinity's.</summary>
    public long ReadBucket(int index) => _sums.Read(1 + index);

    private int BucketOf(double measurement)
    {
        int at = Array.BinarySearch(_bounds, measurement);
        return at >= 0 ? at : ~at; // bounds are inclusive: a measurement on one belongs to it
    }
}
