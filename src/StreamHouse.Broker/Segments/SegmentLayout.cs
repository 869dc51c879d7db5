namespace StreamHouse.Broker.Segments;

/// <summary>
/// Sizes and marks of the segment format: header, slices, sparse indexes, producer snapshots, table, footer; all integers big-endian.
/// </summary>
internal static class SegmentLayout
{
    /// <summary>Version this code writes, and the only one it reads.</summary>
    public const ushort Version = 1;

    /// <summary>Magic, u16 version, three ids, i64 creation time.</summary>
    public const int HeaderBytes = 6 + 2 + (3 * 16) + 8;

    /// <summary>u64 table position, u32 table length, u32 table CRC, u16 version, magic.</summary>
    public const int FooterBytes = 8 + 4 + 4 + 2 + 6;

    /// <summary>u32 offset delta, u32 position in the slice, i64 largest timestamp.</summary>
    public const int IndexEntryBytes = 4 + 4 + 8;

    /// <summary>Slice bytes per index entry, about: an entry begins with the first batch after this many bytes.</summary>
    public const int IndexIntervalBytes = 64 * 1024;

    /// <summary>The table's own head: the object id and the number of slices.</summary>
    public const int TableHeadBytes = 16 + 4;

    /// <summary>A table entry without the topic's name and the batch epochs.</summary>
    public const int TableEntryBytesMin = 16 + 2 + 4 + 8 + 2 + (5 * 8) + (2 * 8) + (8 + 4) + (8 + 4) + (3 * 4);

    /// <summary>Largest table that is read, in bytes: some 200,000 slices.</summary>
    public const int TableBytesMax = 64 * 1024 * 1024;

    /// <summary>Marks both ends of an object.</summary>
    public static ReadOnlySpan<byte> Magic => "SHSEG\0"u8;
}
