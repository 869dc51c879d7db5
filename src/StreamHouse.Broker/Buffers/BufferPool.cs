using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace StreamHouse.Broker.Buffers;

/// <summary>
/// Pinned arrays in power-of-two sizes from 4 KiB to 64 MiB. Arrays that are given back are kept as long as all there are, rented and idle, stay
/// within <c>bytesMax</c>; renting is not refused above it, but then nothing is kept, and idle arrays of other sizes make room first.
/// What is not kept is left to the garbage collector.
/// </summary>
public sealed class BufferPool
{
    private const int SmallestShift = 12;
    private const int LargestShift = 26;

    private readonly Stack<SharedBuffer>[] _idle = new Stack<SharedBuffer>[LargestShift - SmallestShift + 1];
    private readonly long _bytesMax;
    private long _bytes;

    /// <param name="bytesMax">Bytes of rented and idle arrays together up to which arrays are kept; at least 0.</param>
    public BufferPool(long bytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesMax);
        _bytesMax = bytesMax;
        for (int i = 0; i < _idle.Length; i++)
        {
            _idle[i] = new Stack<SharedBuffer>();
        }
    }

    /// <summary>Bytes of all arrays, rented and idle.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Largest size that can be rented, in bytes.</summary>
    public static int RentBytesMax => 1 << LargestShift;

    /// <summary>Rents a buffer of at least <paramref name="bytes"/> with one reference, held by the caller. Its content is arbitrary.</summary>
    /// <param name="bytes">1 to <see cref="RentBytesMax"/>.</param>
    public SharedBuffer Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, RentBytesMax);
        int shift = ShiftOf(bytes);
        if (!TryTakeIdle(shift, out SharedBuffer? buffer))
        {
            MakeRoom(1 << shift);
            buffer = new SharedBuffer(this, GC.AllocateUninitializedArray<byte>(1 << shift, pinned: true));
        }
        buffer.Activate();
        return buffer;
    }

    internal void Return(SharedBuffer buffer)
    {
        if (Interlocked.Read(ref _bytes) > _bytesMax)
        {
            Interlocked.Add(ref _bytes, -buffer.Capacity);
            return;
        }
        Stack<SharedBuffer> idle = _idle[ShiftOf(buffer.Capacity) - SmallestShift];
        lock (idle)
        {
            idle.Push(buffer);
        }
    }

    private void MakeRoom(int bytes)
    {
        long all = Interlocked.Add(ref _bytes, bytes);
        for (int shift = LargestShift; shift >= SmallestShift && all > _bytesMax; shift--)
        {
            while (all > _bytesMax && TryTakeIdle(shift, out SharedBuffer? idle))
            {
                all = Interlocked.Add(ref _bytes, -idle.Capacity);
            }
        }
    }

    private bool TryTakeIdle(int shift, [NotNullWhen(true)] out SharedBuffer? buffer)
    {
        Stack<SharedBuffer> idle = _idle[shift - SmallestShift];
        lock (idle)
        {
            return idle.TryPop(out buffer);
        }
    }

    private static int ShiftOf(int bytes) => Math.Max(SmallestShift, BitOperations.Log2((uint)Math.Max(bytes, 1) - 1) + 1);
}
