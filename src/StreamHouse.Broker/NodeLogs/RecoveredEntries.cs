using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>A batch recovery found, and where.</summary>
internal readonly record struct RecoveredEntry(long Group, long Index, long Position, RecoveredBatch Batch);

/// <summary>Sorts the log's records into what is tiered or deleted and what must be served, and refuses what does not fit together.</summary>
internal sealed class RecoveredEntries(IReadOnlyDictionary<long, KnownGroup> groups, BufferPool pool, long bytesMax)
{
    private const int SlabBytes = 1 << 20;

    private const string RestoreMetadata = "Put back the newest copy of the metadata, the one that was in use with this log, and start again";

    private readonly List<RecoveredEntry> _entries = [];
    private readonly Dictionary<long, long> _ends = [];
    private SharedBuffer? _slab;
    private int _slabUsed;

    /// <summary>Batches to serve, in log order.</summary>
    public IReadOnlyList<RecoveredEntry> Entries => _entries;

    /// <summary>Bytes of <see cref="Entries"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>Last index of every group met.</summary>
    public Dictionary<long, long> LastIndexes { get; } = [];

    /// <summary>Takes one record of the log.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: the record and the metadata contradict each other.</exception>
    public void Add(in LogRecord record, ReadOnlySpan<byte> batch, LogFileOnDisk file, long position)
    {
        bool isKnown = groups.TryGetValue(record.Group, out KnownGroup known);
        if (record.Type != NodeLogRecordType.Entries)
        {
            CheckHint(record, isKnown, known, file, position);
            return;
        }
        if (!isKnown)
        {
            throw Refused(
                record, file, position,
                "the metadata knows neither a partition nor a deleted topic of that group, so its rows were lost or the metadata is older than the log. "
                + "Records of it may be nowhere but here: nothing was changed. " + RestoreMetadata);
        }
        if (!known.Deleted && record.Epoch > known.Epoch)
        {
            throw Refused(
                record, file, position,
                $"it was written at epoch {record.Epoch}, but the metadata has only given out epoch {known.Epoch}: the metadata is older than the log, "
                + "and may not know of records that were acknowledged. " + RestoreMetadata);
        }
        // Indexes may leave gaps, since a recovery does not copy what was tiered; offsets that count may not, which is checked below.
        if (LastIndexes.TryGetValue(record.Group, out long lastIndex) && record.Index <= lastIndex)
        {
            throw Refused(record, file, position, $"its index is {record.Index}, after {lastIndex}");
        }
        LastIndexes[record.Group] = record.Index;
        if (known.Deleted || record.Offset + record.Count <= known.TieredEnd)
        {
            return;
        }
        long expected = _ends.GetValueOrDefault(record.Group, known.TieredEnd);
        if (record.Offset > expected)
        {
            throw Refused(record, file, position, $"offsets {expected} to {record.Offset - 1} are neither in objects nor in the log");
        }
        if (record.Offset < expected)
        {
            throw Refused(record, file, position, $"it overlaps what ends at offset {expected}");
        }
        if (Bytes + batch.Length > bytesMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidConfig,
                $"The node log holds more than {bytesMax} bytes that are not in objects yet: more than a server with this limit accepts. Set Tail:UntieredBytesMax to what it was to start.");
        }
        _ends[record.Group] = record.Offset + record.Count;
        Bytes += batch.Length;
        var recovered = new RecoveredBatch(record.Epoch, record.Offset, record.Count, Store(batch));
        _entries.Add(new RecoveredEntry(record.Group, record.Index, position, recovered));
    }

    /// <summary>The batches by group. Ownership of their references passes to the caller.</summary>
    public IReadOnlyDictionary<long, IReadOnlyList<RecoveredBatch>> TakeByGroup()
    {
        var byGroup = new Dictionary<long, IReadOnlyList<RecoveredBatch>>();
        foreach (RecoveredEntry entry in _entries)
        {
            if (!byGroup.TryGetValue(entry.Group, out IReadOnlyList<RecoveredBatch>? list))
            {
                byGroup.Add(entry.Group, list = new List<RecoveredBatch>());
            }
            ((List<RecoveredBatch>)list).Add(entry.Batch);
        }
        _entries.Clear();
        DropSlab();
        return byGroup;
    }

    /// <summary>Gives back what was not taken.</summary>
    public void Release()
    {
        foreach (RecoveredEntry entry in _entries)
        {
            entry.Batch.Batch.Owner.Release();
        }
        _entries.Clear();
        DropSlab();
    }

    /// <summary>Batches are packed into slabs, so that recovery takes no more memory than the batches took when they came in.</summary>
    private BufferSlice Store(ReadOnlySpan<byte> batch)
    {
        SharedBuffer owner;
        int offset = 0;
        if (batch.Length > SlabBytes)
        {
            owner = pool.Rent(batch.Length);
        }
        else
        {
            if (_slab is null || batch.Length > SlabBytes - _slabUsed)
            {
                DropSlab();
                _slab = pool.Rent(SlabBytes);
            }
            owner = _slab;
            owner.Retain();
            offset = _slabUsed;
            _slabUsed += batch.Length;
        }
        var slice = new BufferSlice(owner, offset, batch.Length);
        batch.CopyTo(slice.Span);
        return slice;
    }

    private void DropSlab()
    {
        _slab?.Release();
        _slab = null;
        _slabUsed = 0;
    }

    // A hint is written once the commit it speaks of is synced, so it is never ahead of the metadata it was written with.
    private static void CheckHint(in LogRecord record, bool isKnown, KnownGroup known, LogFileOnDisk file, long position)
    {
        if (isKnown && !known.Deleted && record.Offset > known.TieredEnd)
        {
            string newer = record.Offset == long.MaxValue ? "its topic was deleted" : $"offsets up to {record.Offset - 1} were committed to objects";
            throw new BrokerException(
                BrokerErrorCode.DataDamaged,
                $"Node-log file {file.Name}, frame at offset {position - file.Header.Start}: {newer}, says the log of group {record.Group}, but the metadata "
                + $"has its end at {known.TieredEnd}: the metadata is older than the log, and does not know of records that were acknowledged. {RestoreMetadata}.");
        }
    }

    private static BrokerException Refused(in LogRecord record, LogFileOnDisk file, long position, string why) => new(
        BrokerErrorCode.DataDamaged,
        $"Node-log file {file.Name}, frame at offset {position - file.Header.Start}: batch at offset {record.Offset} of group {record.Group} cannot be recovered: {why}.");
}
