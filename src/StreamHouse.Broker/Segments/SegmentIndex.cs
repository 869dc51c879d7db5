namespace StreamHouse.Broker.Segments;

/// <summary>A slice's sparse index, as it lies in the object. Immutable.</summary>
internal sealed class SegmentIndex
{
    private readonly byte[] _bytes;

    /// <exception cref="SegmentFormatException">The entries are not ascending, or point outside the slice.</exception>
    public SegmentIndex(byte[] bytes, SegmentSlice slice)
    {
        _bytes = bytes;
        SegmentIndexEntry last = this[0];
        bool possible = last is { OffsetDelta: 0, Position: 0 };
        for (int i = 1; i < Count && possible; i++)
        {
            SegmentIndexEntry entry = this[i];
            possible = entry.OffsetDelta > last.OffsetDelta && entry.Position > last.Position;
            last = entry;
        }
        if (!possible || last.Position >= slice.Length || last.OffsetDelta >= slice.EndOffset - slice.BaseOffset)
        {
            throw new SegmentFormatException($"The index of partition {slice.Partition} at {slice.IndexPosition} contradicts its slice.");
        }
    }

    public int Count => _bytes.Length / SegmentLayout.IndexEntryBytes;

    public int Bytes => _bytes.Length;

    public SegmentIndexEntry this[int i] => SegmentIndexEntry.Read(_bytes.AsSpan(i * SegmentLayout.IndexEntryBytes, SegmentLayout.IndexEntryBytes));

    /// <summary>The last entry that begins at or below <paramref name="offsetDelta"/>.</summary>
    public int FindOffset(long offsetDelta)
    {
        int low = 0;
        int high = Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (this[middle].OffsetDelta <= offsetDelta)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }
        return low;
    }

    /// <summary>The first entry, from <paramref name="from"/> on, with a batch of this timestamp or a later one; -1 when there is none.</summary>
    public int FindTimestamp(long timestampMs, int from)
    {
        for (int i = from; i < Count; i++)
        {
            if (this[i].MaxTimestamp >= timestampMs)
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>The first of the entries with the largest timestamp.</summary>
    public int FindMaxTimestamp()
    {
        int found = 0;
        for (int i = 1; i < Count; i++)
        {
            if (this[i].MaxTimestamp > this[found].MaxTimestamp)
            {
                found = i;
            }
        }
        return found;
    }
}
