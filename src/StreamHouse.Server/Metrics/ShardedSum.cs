namespace StreamHouse.Server.Metrics;

/// <summary>
/// Sums that many threads add to at once: each thread mostly hits its own cache line. A reader sees every addition that ended before it
/// began, and each cell whole.
/// </summary>
internal sealed class ShardedSum
{
    private const int CellsPerCacheLine = 8;
    private static readonly int Shards = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 16));

    private readonly int _stride;
    private readonly long[] _cells;

    /// <param name="sums">How many sums to keep side by side.</param>
    public ShardedSum(int sums)
    {
        _stride = (sums + CellsPerCacheLine - 1) / CellsPerCacheLine * CellsPerCacheLine;
        _cells = new long[_stride * Shards];
    }

    public void Add(int sum, long delta) => Interlocked.Add(ref CellOf(sum), delta);

    public long Read(int sum)
    {
        long total = 0;
        for (int at = sum; at < _cells.Length; at += _stride)
        {
            total += Volatile.Read(ref _cells[at]);
        }
        return total;
    }

    /// <summary>As <see cref="Add"/> for a sum that holds the bits of a double. A sum is one or the other, never both.</summary>
    public void AddDouble(int sum, double delta)
    {
        ref long cell = ref CellOf(sum);
        long seen = Volatile.Read(ref cell);
        while (true)
        {
            long wanted = BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(seen) + delta);
            long found = Interlocked.CompareExchange(ref cell, wanted, seen);
            if (found == seen)
            {
                return;
            }
            seen = found;
        }
    }

    public double ReadDouble(int sum)
    {
        double total = 0;
        for (int at = sum; at < _cells.Length; at += _stride)
        {
            total += BitConverter.Int64BitsToDouble(Volatile.Read(ref _cells[at]));
        }
        return total;
    }

    private ref long CellOf(int sum) => ref _cells[(Environment.CurrentManagedThreadId & (Shards - 1)) * _stride + sum];
}
