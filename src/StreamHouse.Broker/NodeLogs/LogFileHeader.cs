using System.Buffers.Binary;
using StreamHouse.Records;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>How a file's first block reads.</summary>
internal enum LogFileHeaderState
{
    Valid,
    NotALogFile,
    UnknownVersion,
    Damaged,
}

/// <summary>
/// The first block of a log file.
/// <code>magic "SHWAL\0" | u16 version | node-log id | cluster id | i64 sequence | u64 fileId | i64 start | i64 cut | i64 length | u32 crc</code>
/// </summary>
/// <param name="NodeLogId">The log the file belongs to.</param>
/// <param name="ClusterId">The cluster the log belongs to.</param>
/// <param name="Sequence">Number of the file; consecutive.</param>
/// <param name="FileId">Random, fresh for every use of a file: frames of an earlier use do not carry it.</param>
/// <param name="Start">Position of the file's first byte.</param>
/// <param name="Cut">What earlier files hold at or above this position is void: a recovery cut it off or copied it into this file.</param>
/// <param name="Length">Reserved bytes.</param>
internal readonly record struct LogFileHeader(Guid NodeLogId, Guid ClusterId, long Sequence, ulong FileId, long Start, long Cut, long Length)
{
    public const int Version = 1;

    private const int CrcAt = 80;

    private static ReadOnlySpan<byte> Magic => "SHWAL\0"u8;

    /// <summary>Position of the byte after the file.</summary>
    public long End => Start + Length;

    /// <summary>Fills a block.</summary>
    public void Write(Span<byte> block)
    {
        block = block[..LogLayout.BlockBytes];
        block.Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt16BigEndian(block[6..], Version);
        NodeLogId.TryWriteBytes(block[8..], bigEndian: true, out _);
        ClusterId.TryWriteBytes(block[24..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(block[40..], Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(block[48..], FileId);
        BinaryPrimitives.WriteInt64BigEndian(block[56..], Start);
        BinaryPrimitives.WriteInt64BigEndian(block[64..], Cut);
        BinaryPrimitives.WriteInt64BigEndian(block[72..], Length);
        BinaryPrimitives.WriteUInt32BigEndian(block[CrcAt..], Crc32C.Append(0, block[..CrcAt]));
    }

    /// <param name="version">The version found, whenever the magic is right.</param>
    public static LogFileHeaderState Read(ReadOnlySpan<byte> block, out LogFileHeader header, out int version)
    {
        header = default;
        version = 0;
        if (block.Length < CrcAt + 4 || !block.StartsWith(Magic))
        {
            return LogFileHeaderState.NotALogFile;
        }
        // The version first: a newer one may keep its checksum elsewhere.
        version = BinaryPrimitives.ReadUInt16BigEndian(block[6..]);
        if (version != Version)
        {
            return LogFileHeaderState.UnknownVersion;
        }
        if (BinaryPrimitives.ReadUInt32BigEndian(block[CrcAt..]) != Crc32C.Append(0, block[..CrcAt]))
        {
            return LogFileHeaderState.Damaged;
        }
        header = new LogFileHeader(
            new Guid(block.Slice(8, 16), bigEndian: true),
            new Guid(block.Slice(24, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64BigEndian(block[40..]),
            BinaryPrimitives.ReadUInt64BigEndian(block[48..]),
            BinaryPrimitives.ReadInt64BigEndian(block[56..]),
            BinaryPrimitives.ReadInt64BigEndian(block[64..]),
            BinaryPrimitives.ReadInt64BigEndian(block[72..]));
        return LogFileHeaderState.Valid;
    }
}
