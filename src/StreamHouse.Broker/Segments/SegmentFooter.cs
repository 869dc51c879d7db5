using System.Buffers.Binary;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>The last bytes of a segment object: where its table lies.</summary>
/// <param name="TablePosition">First byte of the table.</param>
/// <param name="TableLength">Bytes of the table; it ends where the footer begins.</param>
/// <param name="TableCrc">CRC-32C of the table.</param>
internal readonly record struct SegmentFooter(long TablePosition, int TableLength, uint TableCrc)
{
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, TablePosition);
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], TableLength);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], TableCrc);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], SegmentLayout.Version);
        SegmentLayout.Magic.CopyTo(destination[18..]);
    }

    /// <summary>Reads a footer and holds it against the object's size, so that no length in it is believed before it is possible.</summary>
    /// <exception cref="SegmentFormatException">It is damaged, or the object is not whole.</exception>
    public static SegmentFooter Parse(ReadOnlySpan<byte> source, long objectBytes)
    {
        if (source.Length != SegmentLayout.FooterBytes || objectBytes < SegmentLayout.HeaderBytes + SegmentLayout.TableHeadBytes + SegmentLayout.FooterBytes)
        {
            throw new SegmentFormatException($"It has {objectBytes} bytes, fewer than the smallest segment.");
        }
        if (!source[18..].SequenceEqual(SegmentLayout.Magic))
        {
            throw new SegmentFormatException("It does not end with a segment's magic: it is cut short or not a segment.");
        }
        SegmentHeader.ThrowIfVersionUnknown(BinaryPrimitives.ReadUInt16BigEndian(source[16..]));
        var footer = new SegmentFooter(
            BinaryPrimitives.ReadInt64BigEndian(source),
            BinaryPrimitives.ReadInt32BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[12..]));
        if (footer.TableLength < SegmentLayout.TableHeadBytes || footer.TableLength > SegmentLayout.TableBytesMax)
        {
            throw new SegmentFormatException(
                $"Its footer gives its table {(uint)footer.TableLength} bytes; {SegmentLayout.TableHeadBytes} to {SegmentLayout.TableBytesMax} are possible.");
        }
        if (footer.TablePosition < SegmentLayout.HeaderBytes
            || footer.TablePosition != objectBytes - SegmentLayout.FooterBytes - footer.TableLength)
        {
            throw new SegmentFormatException($"Its footer puts its table at {footer.TablePosition}, which does not fit its size of {objectBytes} bytes.");
        }
        return footer;
    }

    public void ThrowIfDamaged(ReadOnlySpan<byte> table)
    {
        if (Crc32C.Compute(table) != TableCrc)
        {
            throw new SegmentFormatException($"Its table at {TablePosition} is damaged: the checksum differs.");
        }
    }
}
