using System.Buffers.Binary;

namespace StreamHouse.Broker.Segments;

/// <summary>One step of a slice's sparse index: the batches from here to the next entry, some 64 KiB of them.</summary>
/// <param name="OffsetDelta">Base offset of the first batch, less the slice's base offset.</param>
/// <param name="Position">Where the first batch begins in the slice.</param>
/// <param name="MaxTimestamp">Largest batch timestamp from here to the next entry, ms since 1970.</param>
public readonly record struct SegmentIndexEntry(uint OffsetDelta, uint Position, long MaxTimestamp)
{
    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, OffsetDelta);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Position);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], MaxTimestamp);
    }

    internal static SegmentIndexEntry Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        BinaryPrimitives.ReadUInt32BigEndian(source[4..]),
        BinaryPrimitives.ReadInt64BigEndian(source[8..]));
}
