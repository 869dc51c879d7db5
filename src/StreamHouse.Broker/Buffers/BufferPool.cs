using System.Numerics;

namespace StreamHouse.Broker.Buffers;

/// <summary>
/// Pinned arrays in power-of-two sizes from 4 KiB to 64 MiB. Keeps at most <c>retainedBytesMax</c> of idle arrays;
/// more than that is left to the garbage collector.
/// </summary>
public sealed class BufferPool
{
    private const int SmallestShift = 12;
    private const int LargestShift = 26;

    private readonly Stack<SharedBuffer>[] _idle = new Stack<SharedBuffer>[LargestShift - SmallestShift + 1];
    private readonly long _retainedBytesMax;
    private long _retainedBytes;

    /// <param name="retainedBytesMax">Idle bytes kept for reuse; at least 0.</param>
    public BufferPool(long retainedBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(retainedBytesMax);
        _retainedBytesMax = retainedBytesMax;
        for (int i = 0; i < _idle.Length; i++)
        {
            _idle[i] = new Stack<SharedBuffer>();
        }
    }

    /// <summary>Largest size that can be rented, in bytes.</summary>
    public static int RentBytesMax => 1 << LargestShift;

    /// <summary>Rents a buffer of at least <paramref name="bytes"/> with one reference, held by the caller. Its content is arbitrary.</summary>
    /// <param name="bytes">1 to <see cref="RentBytesMax"/>.</param>
    public SharedBuffer Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, RentBytesMax);
        int shift = ShiftOf(bytes);
        Stack<SharedBuffer> idle = _idle[shift - SmallestShift];
        SharedBuffer? buffer = null;
        lock (idle)
        {
            idle.TryPop(out buffer);
        }
        if (buffer is null)
        {
            buffer = new SharedBuffer(this, GC.AllocateUninitializedArray<byte>(1 << shift, pinned: true));
        }
        else
        {
            Interlocked.Add(ref _retainedBytes, -buffer.Capacity);
        }
        buffer.Activate();
        return buffer;
    }

    internal void Return(SharedBuffer buffer)
    {
        if (Interlocked.Add(ref _retainedBytes, buffer.Capacity) > _retainedBytesMax)
        {
            Interlocked.Add(ref _retainedBytes, -buffer.Capacity);
            return;
        }
        Stack<SharedBuffer> idle = _idle[ShiftOf(buffer.Capacity) - SmallestShift];
        lock (idle)
        {
            idle.Push(buffer);
        }
    }

    private static int ShiftOf(int bytes) => Math.Max(SmallestShift, BitOperations.Log2((uint)Math.Max(bytes, 1) - 1) + 1);
}
