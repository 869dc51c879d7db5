using StreamHouse.Broker.Producers;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>Reads every byte of one segment object and says what is in it and what is wrong with it. For people: holds one slice in memory at a time.</summary>
public static class SegmentInspector
{
    /// <summary>Inspects an object. Damage is reported, not thrown.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="key">Which.</param>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    /// <exception cref="ObjectStoreException">The store does not answer.</exception>
    public static async Task<SegmentReport> InspectAsync(IObjectStore store, string key, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(key);
        if (await store.ListAsync(key, null, 1, ct) is not [{ } found, ..] || found.Key != key)
        {
            throw new ObjectNotFoundException(key);
        }
        var problems = new List<string>();
        SegmentHeader? header = null;
        var slices = new List<SliceReport>();
        try
        {
            header = SegmentHeader.Parse(await ReadAsync(store, key, 0, (int)Math.Min(SegmentLayout.HeaderBytes, found.Bytes), ct));
        }
        catch (SegmentFormatException e)
        {
            problems.Add(e.Message);
        }
        try
        {
            SegmentTable table = await ReadTableAsync(store, found, ct);
            if (header is { } known && known.ObjectId != table.ObjectId)
            {
                problems.Add($"Its header names object {known.ObjectId:D}, its table {table.ObjectId:D}.");
            }
            foreach (SegmentSlice slice in table.Slices)
            {
                slices.Add(await InspectSliceAsync(store, key, slice, problems, ct));
            }
        }
        catch (SegmentFormatException e)
        {
            problems.Add(e.Message);
        }
        return new SegmentReport(key, found.Bytes, header, slices, problems);
    }

    /// <summary>Reads an object's table from its end.</summary>
    /// <exception cref="SegmentFormatException">It is damaged.</exception>
    internal static async Task<SegmentTable> ReadTableAsync(IObjectStore store, StoredObject found, CancellationToken ct)
    {
        long footerAt = Math.Max(0, found.Bytes - SegmentLayout.FooterBytes);
        SegmentFooter footer = SegmentFooter.Parse(await ReadAsync(store, found.Key, footerAt, (int)(found.Bytes - footerAt), ct), found.Bytes);
        byte[] table = await ReadAsync(store, found.Key, footer.TablePosition, footer.TableLength, ct);
        footer.ThrowIfDamaged(table);
        return SegmentTable.Parse(table, footer.TablePosition);
    }

    private static async Task<SliceReport> InspectSliceAsync(IObjectStore store, string key, SegmentSlice slice, List<string> problems, CancellationToken ct)
    {
        string name = $"Partition {slice.Partition}";
        if (slice.Length > Array.MaxLength)
        {
            throw new SegmentFormatException($"{name}: its slice has {slice.Length} bytes, more than can be inspected.");
        }
        byte[] bytes = await ReadAsync(store, key, slice.Position, (int)slice.Length, ct);
        bool matches = Crc32C.Compute(bytes) == slice.Crc;
        if (!matches)
        {
            problems.Add($"{name}: the checksum of its slice at {slice.Position} differs.");
        }
        return new SliceReport(
            slice,
            matches,
            await ReadIndexAsync(store, key, slice, problems, ct),
            await ReadSnapshotAsync(store, key, slice, problems, ct),
            ReadBatches(bytes, slice, problems));
    }

    private static async Task<IReadOnlyList<SegmentIndexEntry>> ReadIndexAsync(
        IObjectStore store, string key, SegmentSlice slice, List<string> problems, CancellationToken ct)
    {
        byte[] bytes = await ReadAsync(store, key, slice.IndexPosition, slice.IndexEntries * SegmentLayout.IndexEntryBytes, ct);
        try
        {
            if (Crc32C.Compute(bytes) != slice.IndexCrc)
            {
                throw new SegmentFormatException($"Partition {slice.Partition}: the checksum of its index at {slice.IndexPosition} differs.");
            }
            var index = new SegmentIndex(bytes, slice);
            var entries = new SegmentIndexEntry[index.Count];
            for (int i = 0; i < entries.Length; i++)
            {
                entries[i] = index[i];
            }
            return entries;
        }
        catch (SegmentFormatException e)
        {
            problems.Add(e.Message);
            return [];
        }
    }

    private static async Task<ProducerSnapshot?> ReadSnapshotAsync(
        IObjectStore store, string key, SegmentSlice slice, List<string> problems, CancellationToken ct)
    {
        byte[] bytes = await ReadAsync(store, key, slice.SnapshotPosition, slice.SnapshotLength, ct);
        ProducerSnapshot? snapshot = Crc32C.Compute(bytes) == slice.SnapshotCrc ? ProducerSnapshot.TryDecode(bytes) : null;
        if (snapshot is null)
        {
            problems.Add($"Partition {slice.Partition}: its producer snapshot at {slice.SnapshotPosition} is damaged.");
        }
        return snapshot;
    }

    private static List<BatchReport> ReadBatches(byte[] bytes, SegmentSlice slice, List<string> problems)
    {
        var batches = new List<BatchReport>();
        var walker = new RecordBatchWalker(bytes);
        long expected = slice.BaseOffset;
        while (walker.Read())
        {
            RecordBatchView batch = walker.Current;
            long position = slice.Position + walker.Position;
            bool matches = batch.Crc == batch.ComputeCrc();
            batches.Add(new BatchReport(
                position, batch.Bytes.Length, batch.BaseOffset, batch.NextOffset, batch.PartitionLeaderEpoch, batch.RecordCount, batch.Codec,
                batch.BaseTimestamp, batch.MaxTimestamp, batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, matches));
            if (!matches)
            {
                problems.Add($"Partition {slice.Partition}: the checksum of the batch at byte {position} differs.");
            }
            if (batch.BaseOffset != expected)
            {
                problems.Add($"Partition {slice.Partition}: the batch at byte {position} begins at offset {batch.BaseOffset}, not {expected}.");
            }
            expected = batch.NextOffset;
        }
        if (walker.Error != RecordBatchError.None)
        {
            problems.Add($"Partition {slice.Partition}, byte {slice.Position + walker.NextPosition}: {RecordFormatException.Describe(walker.Error)}");
        }
        else if (expected != slice.EndOffset)
        {
            problems.Add($"Partition {slice.Partition}: its batches end at offset {expected}, not {slice.EndOffset}.");
        }
        return batches;
    }

    private static async Task<byte[]> ReadAsync(IObjectStore store, string key, long position, int length, CancellationToken ct)
    {
        byte[] bytes = new byte[length];
        int read = await store.ReadAsync(key, position, bytes, ct);
        return read == length ? bytes : throw new SegmentFormatException($"It ends at byte {position + read}, before {position + length}.");
    }
}
