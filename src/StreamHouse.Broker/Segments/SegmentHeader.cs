using System.Buffers.Binary;

namespace StreamHouse.Broker.Segments;

/// <summary>The first bytes of a segment object: who wrote it, and when.</summary>
/// <param name="ObjectId">The upload's id.</param>
/// <param name="ClusterId">The cluster it belongs to.</param>
/// <param name="Incarnation">The process that wrote it.</param>
/// <param name="Created">When it was begun, to the millisecond, by the writer's clock.</param>
public readonly record struct SegmentHeader(Guid ObjectId, Guid ClusterId, Guid Incarnation, DateTimeOffset Created)
{
    internal void Write(Span<byte> destination)
    {
        SegmentLayout.Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], SegmentLayout.Version);
        ObjectId.TryWriteBytes(destination[8..], bigEndian: true, out _);
        ClusterId.TryWriteBytes(destination[24..], bigEndian: true, out _);
        Incarnation.TryWriteBytes(destination[40..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(destination[56..], Created.ToUnixTimeMilliseconds());
    }

    internal static SegmentHeader Parse(ReadOnlySpan<byte> source)
    {
        if (source.Length < SegmentLayout.HeaderBytes)
        {
            throw new SegmentFormatException($"It has {source.Length} bytes, fewer than a segment's header.");
        }
        if (!source.StartsWith(SegmentLayout.Magic))
        {
            throw new SegmentFormatException("It does not begin with a segment's magic.");
        }
        ThrowIfVersionUnknown(BinaryPrimitives.ReadUInt16BigEndian(source[6..]));
        long created = BinaryPrimitives.ReadInt64BigEndian(source[56..]);
        if (created < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || created > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            throw new SegmentFormatException($"Its creation time, {created} ms since 1970, is out of range.");
        }
        return new SegmentHeader(
            new Guid(source.Slice(8, 16), bigEndian: true),
            new Guid(source.Slice(24, 16), bigEndian: true),
            new Guid(source.Slice(40, 16), bigEndian: true),
            DateTimeOffset.FromUnixTimeMilliseconds(created));
    }

    internal static void ThrowIfVersionUnknown(ushort version)
    {
        if (version != SegmentLayout.Version)
        {
            throw new SegmentFormatException(
                $"It is a segment (SHSEG) of version {version}; this software reads version {SegmentLayout.Version}. Use the software that wrote it, or newer.");
        }
    }
}
