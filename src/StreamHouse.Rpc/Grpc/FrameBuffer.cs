using System.Buffers;

namespace StreamHouse.Rpc.Grpc;

/// <summary>A growing pooled array in which frames are put together before they are sent. Not safe for concurrent use.</summary>
public sealed class FrameBuffer : IBufferWriter<byte>, IDisposable
{
    /// <summary>A buffer that grew above this gives its array back when it is cleared, so that one large message pins nothing.</summary>
    private const int KeptBytesMax = 1 << 20;

    private byte[] _array;
    private int _length;

    /// <param name="capacityBytes">Capacity to begin with.</param>
    public FrameBuffer(int capacityBytes = 4096) => _array = ArrayPool<byte>.Shared.Rent(capacityBytes);

    /// <summary>What was written since the last <see cref="Clear"/>; valid until the next write.</summary>
    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _length);

    /// <summary>Appends one message with its prefix.</summary>
    /// <exception cref="InvalidOperationException">The writer wrote another length than it measured.</exception>
    public void Append<T>(IMessageWriter<T> writer, in T message)
    {
        int length = writer.Measure(message);
        Reserve(GrpcFrame.HeaderBytes + length);
        GrpcFrame.WriteHeader(_array.AsSpan(_length), length);
        _length += GrpcFrame.HeaderBytes;
        int start = _length;
        writer.Write(message, this);
        if (_length - start != length)
        {
            throw new InvalidOperationException($"{writer.GetType().Name} measured {length} bytes and wrote {_length - start}.");
        }
    }

    /// <summary>Forgets what was written.</summary>
    public void Clear()
    {
        _length = 0;
        if (_array.Length > KeptBytesMax)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = ArrayPool<byte>.Shared.Rent(4096);
        }
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsSpan(_length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        byte[] array = Interlocked.Exchange(ref _array, []);
        _length = 0;
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Reserve(int bytes)
    {
        if (_array.Length - _length >= bytes)
        {
            return;
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_array.Length * 2, _length + bytes));
        _array.AsSpan(0, _length).CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        _array = larger;
    }
}
