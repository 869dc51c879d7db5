using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>The header fields of a batch that reading a segment needs.</summary>
internal readonly record struct BatchHead(long BaseOffset, long NextOffset, int Size, int LeaderEpoch, long MaxTimestamp, uint Crc)
{
    /// <summary>Reads a header that begins in one piece and may end in the next.</summary>
    /// <returns>False when these bytes cannot be a batch's header.</returns>
    public static bool TryRead(ReadOnlySpan<byte> first, ReadOnlySpan<byte> rest, out BatchHead head)
    {
        if (first.Length >= RecordBatchLayout.Records)
        {
            return TryRead(first, out head);
        }
        Span<byte> whole = stackalloc byte[RecordBatchLayout.Records];
        first.CopyTo(whole);
        rest[..(whole.Length - first.Length)].CopyTo(whole[first.Length..]);
        return TryRead(whole, out head);
    }

    private static bool TryRead(ReadOnlySpan<byte> source, out BatchHead head)
    {
        var view = new RecordBatchView(source);
        bool possible = view.Magic == RecordBatchLayout.MagicV2
            && view.BatchLength >= RecordBatchLayout.BatchLengthMin
            && view.SizeBytes <= int.MaxValue
            && view.LastOffsetDelta >= 0;
        head = possible
            ? new BatchHead(view.BaseOffset, view.NextOffset, (int)view.SizeBytes, view.PartitionLeaderEpoch, view.MaxTimestamp, view.Crc)
            : default;
        return possible;
    }
}
