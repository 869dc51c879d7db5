namespace StreamHouse.Broker.Buffers;

/// <summary>A range of a <see cref="SharedBuffer"/>. Copying the struct does not take a reference.</summary>
/// <param name="Owner">The buffer the range lies in.</param>
/// <param name="Offset">First byte of the range.</param>
/// <param name="Length">Bytes in the range.</param>
public readonly record struct BufferSlice(SharedBuffer Owner, int Offset, int Length)
{
    /// <summary>The bytes.</summary>
    public Memory<byte> Memory => Owner.Memory.Slice(Offset, Length);

    /// <summary>The bytes.</summary>
    public Span<byte> Span => Owner.Span.Slice(Offset, Length);

    /// <summary>A range inside this one.</summary>
    public BufferSlice Slice(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)length, Length);
        return new BufferSlice(Owner, Offset + offset, length);
    }
}
