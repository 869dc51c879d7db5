using System.Buffers.Binary;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>
/// Puts the bytes of one connection together to frames, in pooled buffers that the frames go on using. Memory is committed as bytes arrive:
/// at most <see cref="GrowthFactor"/> times what is there, so that announcing a large frame costs nothing but sending it. For one caller at a time.
/// </summary>
internal sealed class FrameAssembler(BufferPool pool, int frameBytesMax)
{
    /// <summary>Bytes of the length before each frame.</summary>
    public const int PrefixBytes = sizeof(int);

    /// <summary>Key, version and correlation id: nothing shorter is a request.</summary>
    public const int FrameBytesMin = 2 + 2 + 4;

    private const int ReceiveBytes = 64 * 1024;
    private const int SmallBytes = 4096;
    private const int GrowthFactor = 16;

    private SharedBuffer? _buffer;
    private int _start;
    private int _end;

    /// <summary>Whether a buffer is held; without one nothing has arrived that is not taken.</summary>
    public bool HasBytes => _buffer is not null;

    /// <summary>Bytes that have arrived and are not taken.</summary>
    public int Buffered => _end - _start;

    /// <summary>Whether so much of the next frame is there that memory may be set aside for all of it.</summary>
    public bool IsUnderWay => Buffered >= PrefixBytes && Buffered >= Math.Min(SmallBytes, PrefixBytes + FrameBytes());

    /// <summary>Length of the next frame, whose prefix must have arrived.</summary>
    /// <exception cref="FrameException">The length is negative, too small for a request, or above the limit.</exception>
    public int FrameBytes()
    {
        int bytes = BinaryPrimitives.ReadInt32BigEndian(_buffer!.Span[_start..]);
        return bytes >= FrameBytesMin && bytes <= frameBytesMax
            ? bytes
            : throw new FrameException($"a request of {bytes} bytes was announced; {FrameBytesMin} to {frameBytesMax} are allowed");
    }

    /// <summary>Takes the next frame, without its length, if all of it is there. The caller owns one reference to its buffer.</summary>
    /// <exception cref="FrameException">Its length is not allowed.</exception>
    public bool TryTake(out BufferSlice frame)
    {
        frame = default;
        if (Buffered < PrefixBytes)
        {
            return false;
        }
        int bytes = FrameBytes();
        if (Buffered - PrefixBytes < bytes)
        {
            return false;
        }
        SharedBuffer buffer = _buffer!;
        frame = new BufferSlice(buffer, _start + PrefixBytes, bytes);
        _start += PrefixBytes + bytes;
        if (_start == _end)
        {
            // The frame takes over this reference.
            _buffer = null;
            _start = _end = 0;
        }
        else
        {
            buffer.Retain();
        }
        return true;
    }

    /// <summary>Where the next bytes belong; never empty. <see cref="Received"/> must follow.</summary>
    /// <exception cref="FrameException">The next frame's length is not allowed.</exception>
    public Memory<byte> Space()
    {
        if (_buffer is null)
        {
            _buffer = pool.Rent(ReceiveBytes);
            return _buffer.Memory;
        }
        int wanted = Buffered < PrefixBytes ? SmallBytes : PrefixBytes + FrameBytes();
        int earned = Math.Max(SmallBytes, GrowthFactor * Buffered);
        int allowed = Math.Min(wanted, earned);
        // The second condition gives back what a burst needed when only the beginning of a frame is left in it.
        if (_start + allowed > _buffer.Capacity || _buffer.Capacity > 2 * earned)
        {
            MoveTo(pool.Rent(allowed));
        }
        // Beyond the end of a large frame nothing is read: its buffer belongs to it alone.
        return wanted > ReceiveBytes ? _buffer.Memory[_end..Math.Min(_buffer.Capacity, _start + wanted)] : _buffer.Memory[_end..];
    }

    /// <summary>Bytes have been written to the beginning of <see cref="Space"/>.</summary>
    public void Received(int bytes)
    {
        _end += bytes;
        if (Buffered == 0)
        {
            Drop();
        }
    }

    /// <summary>Drops what is not taken.</summary>
    public void Drop()
    {
        _buffer?.Release();
        _buffer = null;
        _start = _end = 0;
    }

    private void MoveTo(SharedBuffer buffer)
    {
        _buffer!.Span[_start.._end].CopyTo(buffer.Span);
        _buffer.Release();
        _buffer = buffer;
        _end -= _start;
        _start = 0;
    }
}
