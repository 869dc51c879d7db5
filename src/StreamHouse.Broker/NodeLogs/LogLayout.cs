using System.Globalization;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>Sizes, names and alignment of the node log's files. Positions count over all files; offsets count within one.</summary>
internal static class LogLayout
{
    /// <summary>Frames start on multiples of this, so that sectors that were acknowledged are never rewritten.</summary>
    public const int BlockBytes = 4096;

    /// <summary>Offset of a file's first frame: the header has a block of its own.</summary>
    public const int FirstFrameOffset = BlockBytes;

    /// <summary>Bytes of a frame before its body.</summary>
    public const int FrameHeaderBytes = 40;

    /// <summary>Bytes of a record before its payload, the length field included.</summary>
    public const int RecordHeaderBytes = 29;

    /// <summary>Bytes a batch takes beside its own: record header, base offset, count.</summary>
    public const int EntryOverheadBytes = RecordHeaderBytes + 12;

    /// <summary>Bytes of a whole trim hint.</summary>
    public const int TrimHintBytes = RecordHeaderBytes + 8;

    private const string LogSuffix = ".log";
    private const string SpareSuffix = ".spare";

    public static int Align(int bytes) => (bytes + BlockBytes - 1) & -BlockBytes;

    /// <summary>What a batch takes up at most: alone in its frame.</summary>
    public static int FrameBytesAlone(int batchBytes) => Align(FrameHeaderBytes + EntryOverheadBytes + batchBytes);

    /// <summary>Name of a file that holds a part of the log.</summary>
    public static string LogName(long sequence) => sequence.ToString("x16", CultureInfo.InvariantCulture) + LogSuffix;

    /// <summary>Name of a file that holds nothing: on its way into the log, or tiered and kept to be written over.</summary>
    public static string SpareName(ulong fileId) => fileId.ToString("x16", CultureInfo.InvariantCulture) + SpareSuffix;

    public static bool IsSpareName(string name) => name.EndsWith(SpareSuffix, StringComparison.Ordinal);

    public static bool TryParseLogName(string name, out long sequence)
    {
        sequence = 0;
        return name.Length == 16 + LogSuffix.Length
            && name.EndsWith(LogSuffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out sequence);
    }
}
