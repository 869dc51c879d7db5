using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Tables and indexes of objects in bounded memory. An object's table is read once however many of its slices are asked for, at the same
/// time or one after another. Bytes come through the block cache. Safe to use from any thread.
/// </summary>
internal sealed class SegmentTableCache(SegmentCache blocks, long bytesMax)
{
    private const int ParsedSliceBytes = 400;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _newestFirst = [];
    private long _bytes;

    public async ValueTask<SegmentTable> GetAsync(SegmentSource source, CancellationToken ct)
    {
        Entry? entry;
        bool load = false;
        lock (_lock)
        {
            if (_entries.TryGetValue(source.Id, out LinkedListNode<Entry>? node))
            {
                _newestFirst.Remove(node);
            }
            else
            {
                node = new LinkedListNode<Entry>(new Entry(source.Id));
                _entries.Add(source.Id, node);
                load = true;
            }
            _newestFirst.AddFirst(node);
            entry = node.Value;
        }
        if (load)
        {
            _ = LoadAsync(source, entry);
        }
        if (entry.Table is null)
        {
            await entry.Loaded.Task;
            ct.ThrowIfCancellationRequested();
        }
        return entry.Table ?? throw new BrokerException(entry.Failure!.Code, entry.Failure.Message, entry.Failure.InnerException);
    }

    /// <summary>The index of one slice.</summary>
    public async ValueTask<SegmentIndex> GetIndexAsync(SegmentSource source, SegmentSlice slice, CancellationToken ct)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(source.Id, out LinkedListNode<Entry>? node) && node.Value.Indexes.TryGetValue(slice.Partition, out SegmentIndex? known))
            {
                return known;
            }
        }
        int length = slice.IndexEntries * SegmentLayout.IndexEntryBytes;
        byte[] bytes = await ReadCheckedAsync(source, slice.IndexPosition, length, slice.IndexCrc, "index", slice.Partition, ct);
        SegmentIndex index;
        try
        {
            index = new SegmentIndex(bytes, slice);
        }
        catch (SegmentFormatException e)
        {
            throw source.Damaged(e.Message, e);
        }
        lock (_lock)
        {
            if (_entries.TryGetValue(source.Id, out LinkedListNode<Entry>? node) && node.Value.Indexes.TryAdd(slice.Partition, index))
            {
                node.Value.Bytes += index.Bytes;
                _bytes += index.Bytes;
                MakeRoom(node.Value);
            }
        }
        return index;
    }

    /// <summary>The producer snapshot of one slice.</summary>
    public async ValueTask<ProducerSnapshot> ReadSnapshotAsync(SegmentSource source, SegmentSlice slice, CancellationToken ct)
    {
        byte[] bytes = await ReadCheckedAsync(
            source, slice.SnapshotPosition, slice.SnapshotLength, slice.SnapshotCrc, "producer snapshot", slice.Partition, ct);
        return ProducerSnapshot.TryDecode(bytes)
            ?? throw source.Damaged($"The producer snapshot of partition {slice.Partition} at {slice.SnapshotPosition} is malformed.");
    }

    // Never throws: what goes wrong is kept for those who wait. A failed load is forgotten, so that the next caller tries again.
    private async Task LoadAsync(SegmentSource source, Entry entry)
    {
        try
        {
            SegmentTable table = await ReadTableAsync(source);
            lock (_lock)
            {
                entry.Table = table;
                entry.Bytes = (long)ParsedSliceBytes * (1 + table.Slices.Count);
                _bytes += entry.Bytes;
                MakeRoom(entry);
            }
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                entry.Failure = e as BrokerException ?? new BrokerException(BrokerErrorCode.Internal, $"Object '{source.Key}': {e.Message}", e);
                Remove(_entries[source.Id]);
            }
        }
        entry.Loaded.SetResult();
    }

    private async ValueTask<SegmentTable> ReadTableAsync(SegmentSource source)
    {
        long footerAt = source.Bytes - SegmentLayout.FooterBytes;
        try
        {
            if (footerAt < 0)
            {
                throw new SegmentFormatException($"It has {source.Bytes} bytes, fewer than a segment's footer.");
            }
            byte[] footerBytes = await ReadBytesAsync(source, footerAt, SegmentLayout.FooterBytes, CancellationToken.None);
            SegmentFooter footer = SegmentFooter.Parse(footerBytes, source.Bytes);
            byte[] bytes = await ReadBytesAsync(source, footer.TablePosition, footer.TableLength, CancellationToken.None);
            footer.ThrowIfDamaged(bytes);
            SegmentTable table = SegmentTable.Parse(bytes, footer.TablePosition);
            return table.ObjectId == source.Id
                ? table
                : throw new SegmentFormatException($"It is object {table.ObjectId:D}, not {source.Id:D}.");
        }
        catch (SegmentFormatException e)
        {
            blocks.Drop(source, Math.Max(0, footerAt), source.Bytes);
            throw source.Damaged(e.Message, e);
        }
    }

    private async ValueTask<byte[]> ReadCheckedAsync(
        SegmentSource source, long position, int length, uint crc, string what, TopicPartition partition, CancellationToken ct)
    {
        byte[] bytes = await ReadBytesAsync(source, position, length, ct);
        if (Crc32C.Compute(bytes) == crc)
        {
            return bytes;
        }
        blocks.Drop(source, position, position + length);
        throw source.Damaged($"The {what} of partition {partition} at {position} is damaged: the checksum differs.");
    }

    private async ValueTask<byte[]> ReadBytesAsync(SegmentSource source, long position, int length, CancellationToken ct)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length);
        int done = 0;
        while (done < length)
        {
            SegmentBlock block = blocks.TryGet(source, position + done) ?? await blocks.GetAsync(source, position + done, ct);
            int at = (int)(position + done - block.Start);
            int count = Math.Min(length - done, block.Length - at);
            block.Span.Slice(at, count).CopyTo(bytes.AsSpan(done));
            block.Release();
            done += count;
        }
        return bytes;
    }

    // Oldest first, but never the one in use now; those still loading weigh nothing yet.
    private void MakeRoom(Entry keep)
    {
        LinkedListNode<Entry>? node = _newestFirst.Last;
        while (_bytes > bytesMax && node is not null)
        {
            LinkedListNode<Entry>? newer = node.Previous;
            if (node.Value.Table is not null && !ReferenceEquals(node.Value, keep))
            {
                Remove(node);
            }
            node = newer;
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _newestFirst.Remove(node);
        _entries.Remove(node.Value.ObjectId);
        _bytes -= node.Value.Bytes;
    }

    private sealed class Entry(Guid objectId)
    {
        public Guid ObjectId { get; } = objectId;

        public TaskCompletionSource Loaded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Dictionary<TopicPartition, SegmentIndex> Indexes { get; } = [];

        public SegmentTable? Table { get; set; }

        public BrokerException? Failure { get; set; }

        public long Bytes { get; set; }
    }
}
