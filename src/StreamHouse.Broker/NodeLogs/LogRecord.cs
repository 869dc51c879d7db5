using System.Buffers.Binary;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>What a record in the node log is. Numbers are part of the format.</summary>
public enum NodeLogRecordType : byte
{
    /// <summary>A batch of a partition.</summary>
    Entries = 1,

    /// <summary>A hint: the group's entries below an offset are tiered.</summary>
    TrimTo = 2,
}

/// <summary>
/// One record of a frame's body.
/// <code>u32 length of what follows | u64 group | u8 type | i64 epoch | i64 index | payload</code>
/// Payload of entries: <c>i64 base offset | i32 count | batch</c>. Payload of a trim hint: <c>i64 end offset</c>.
/// </summary>
internal readonly record struct LogRecord(NodeLogRecordType Type, long Group, long Epoch, long Index, long Offset, int Count)
{
    /// <summary>Writes the record up to where the batch follows; returns the bytes written.</summary>
    public static int WriteEntryHead(Span<byte> output, long group, long epoch, long index, long baseOffset, int count, int batchBytes)
    {
        WriteHead(output, LogLayout.EntryOverheadBytes + batchBytes, group, NodeLogRecordType.Entries, epoch, index);
        BinaryPrimitives.WriteInt64BigEndian(output[29..], baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(output[37..], count);
        return LogLayout.EntryOverheadBytes;
    }

    public static int WriteTrimHint(Span<byte> output, long group, long endOffset)
    {
        WriteHead(output, LogLayout.TrimHintBytes, group, NodeLogRecordType.TrimTo, epoch: 0, index: 0);
        BinaryPrimitives.WriteInt64BigEndian(output[29..], endOffset);
        return LogLayout.TrimHintBytes;
    }

    /// <summary>Reads the record at the start of <paramref name="body"/> and moves past it; false when the body is not well-formed.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> body, out LogRecord record, out ReadOnlySpan<byte> batch)
    {
        record = default;
        batch = default;
        if (body.Length < LogLayout.RecordHeaderBytes)
        {
            return false;
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (length > body.Length - 4 || length < LogLayout.RecordHeaderBytes - 4)
        {
            return false;
        }
        ReadOnlySpan<byte> bytes = body[..(4 + (int)length)];
        body = body[bytes.Length..];
        var type = (NodeLogRecordType)bytes[12];
        ReadOnlySpan<byte> payload = bytes[LogLayout.RecordHeaderBytes..];
        int count = 0;
        switch (type)
        {
            case NodeLogRecordType.Entries when payload.Length >= 12:
                count = BinaryPrimitives.ReadInt32BigEndian(payload[8..]);
                batch = payload[12..];
                break;
            case NodeLogRecordType.TrimTo when payload.Length == 8:
                break;
            default:
                return false;
        }
        record = new LogRecord(
            type,
            BinaryPrimitives.ReadInt64BigEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[13..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[21..]),
            BinaryPrimitives.ReadInt64BigEndian(payload),
            count);
        return record.Offset >= 0 && count >= 0;
    }

    private static void WriteHead(Span<byte> output, int recordBytes, long group, NodeLogRecordType type, long epoch, long index)
    {
        BinaryPrimitives.WriteInt32BigEndian(output, recordBytes - 4);
        BinaryPrimitives.WriteInt64BigEndian(output[4..], group);
        output[12] = (byte)type;
        BinaryPrimitives.WriteInt64BigEndian(output[13..], epoch);
        BinaryPrimitives.WriteInt64BigEndian(output[21..], index);
    }
}
