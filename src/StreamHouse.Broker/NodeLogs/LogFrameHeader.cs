using System.Buffers.Binary;
using StreamHouse.Records;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// What precedes the records of one gathered write.
/// <code>u32 magic | u32 headerCrc | u64 fileId | i64 position | i64 durablePosition | u32 bodyLength | u32 bodyCrc</code>
/// The header's checksum covers everything after itself.
/// </summary>
/// <param name="FileId">The use of the file it was written in.</param>
/// <param name="Position">Where the frame starts.</param>
/// <param name="DurablePosition">End of what had been synced before this frame was written.</param>
/// <param name="BodyBytes">Bytes of records after the header; zeros follow up to the next block.</param>
/// <param name="BodyCrc">CRC-32C of the body.</param>
internal readonly record struct LogFrameHeader(ulong FileId, long Position, long DurablePosition, int BodyBytes, uint BodyCrc)
{
    private const uint Magic = 0x53484652; // "SHFR"

    /// <summary>The frame with its padding.</summary>
    public int FrameBytes => LogLayout.Align(LogLayout.FrameHeaderBytes + BodyBytes);

    public void Write(Span<byte> output)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output, Magic);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], FileId);
        BinaryPrimitives.WriteInt64BigEndian(output[16..], Position);
        BinaryPrimitives.WriteInt64BigEndian(output[24..], DurablePosition);
        BinaryPrimitives.WriteInt32BigEndian(output[32..], BodyBytes);
        BinaryPrimitives.WriteUInt32BigEndian(output[36..], BodyCrc);
        BinaryPrimitives.WriteUInt32BigEndian(output[4..], Crc32C.Append(0, output[8..LogLayout.FrameHeaderBytes]));
    }

    /// <summary>Reads a header that belongs exactly there: to this use of the file, at this position.</summary>
    public static bool TryRead(ReadOnlySpan<byte> input, ulong fileId, long position, out LogFrameHeader header)
    {
        header = default;
        if (input.Length < LogLayout.FrameHeaderBytes
            || BinaryPrimitives.ReadUInt32BigEndian(input) != Magic
            || BinaryPrimitives.ReadUInt64BigEndian(input[8..]) != fileId
            || BinaryPrimitives.ReadInt64BigEndian(input[16..]) != position
            || BinaryPrimitives.ReadUInt32BigEndian(input[4..]) != Crc32C.Append(0, input[8..LogLayout.FrameHeaderBytes]))
        {
            return false;
        }
        header = new LogFrameHeader(
            fileId,
            position,
            BinaryPrimitives.ReadInt64BigEndian(input[24..]),
            BinaryPrimitives.ReadInt32BigEndian(input[32..]),
            BinaryPrimitives.ReadUInt32BigEndian(input[36..]));
        return header.BodyBytes >= 0 && header.DurablePosition >= 0 && header.DurablePosition <= position;
    }
}
