using System.Buffers;

namespace StreamHouse.Kafka;

/// <summary>A growing, contiguous, pooled buffer to write messages into. Has one owner, who disposes it; it can be written anew after <see cref="Clear"/>.</summary>
public sealed class KafkaBuffer : IBufferWriter<byte>, IDisposable
{
    private byte[] _array;

    /// <summary>Creates an empty buffer.</summary>
    /// <param name="capacityBytes">Room to begin with; 0 or more.</param>
    public KafkaBuffer(int capacityBytes = 512)
    {
        _array = ArrayPool<byte>.Shared.Rent(capacityBytes);
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Called for each error other than <see cref="KafkaErrorCode.None"/> that is written; null for nobody.</summary>
    public Action<KafkaErrorCode>? ErrorWritten { get; set; }

    /// <summary>What was written; valid until the next write, <see cref="Clear"/> or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, Length);

    /// <summary>What was written; valid until the next write, <see cref="Clear"/> or <see cref="Dispose"/>.</summary>
    public Span<byte> WrittenSpan => _array.AsSpan(0, Length);

    /// <summary>Forgets what was written and keeps the room.</summary>
    public void Clear() => Length = 0;

    /// <summary>Takes room behind what was written.</summary>
    /// <param name="bytes">How many; the caller fills all of them.</param>
    public Span<byte> Take(int bytes)
    {
        int at = Length;
        EnsureRoom(bytes);
        Length = at + bytes;
        return _array.AsSpan(at, bytes);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - Length);
        Length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(Math.Max(sizeHint, 1));
        return _array.AsSpan(Length);
    }

    /// <summary>Gives the memory back to its pool. Using the buffer afterwards is an error, disposing it again is not.</summary>
    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        Length = 0;
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void EnsureRoom(int bytes)
    {
        if (bytes > _array.Length - Length)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        int needed = checked(Length + bytes);
        int doubled = (int)Math.Min(2L * _array.Length, Array.MaxLength);
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, doubled));
        _array.AsSpan(0, Length).CopyTo(larger);
        byte[] smaller = _array;
        _array = larger;
        if (smaller.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(smaller);
        }
    }
}
