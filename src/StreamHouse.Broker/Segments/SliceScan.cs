using StreamHouse.Broker.Metadata;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>Reads a slice's batch headers once, on its way into a segment: checksum, sparse index, epochs, timestamps, counts.</summary>
internal struct SliceScan
{
    private const int LargeBatchBytesMin = 32 * 1024;

    private readonly SliceInput _slice;
    private readonly List<SegmentIndexEntry> _index;
    private readonly int _indexFrom;
    private List<LeaderEpochRow>? _moreEpochs;
    private LeaderEpochRow _firstEpoch;
    private int _epoch;
    private long _nextOffset;
    private long _maxTimestamp;
    private long _records;
    private uint _crc;

    public SliceScan(SliceInput slice, List<SegmentIndexEntry> index)
    {
        _slice = slice;
        _index = index;
        _indexFrom = index.Count;
        _nextOffset = slice.BaseOffset;
        _maxTimestamp = long.MinValue;
        if (slice.EndOffset - slice.BaseOffset is <= 0 or > uint.MaxValue)
        {
            throw new ArgumentException(
                $"Partition {slice.Partition}: a slice cannot run from {slice.BaseOffset} to {slice.EndOffset}.", nameof(slice));
        }
    }

    public long Length { get; private set; }

    public void Read(ReadOnlySpan<byte> batches)
    {
        var walker = new RecordBatchWalker(batches);
        int summed = 0;
        while (walker.Read())
        {
            RecordBatchView batch = walker.Current;
            Add(batch, Length + walker.Position);
            int size = walker.NextPosition - walker.Position;
            if (size >= LargeBatchBytesMin)
            {
                // Its own checksum, proved when it came, covers all behind it: its bytes, long out of the processor's cache, need not be read.
                int covered = size - RecordBatchLayout.Attributes;
                _crc = Crc32C.Append(_crc, batches[summed..(walker.NextPosition - covered)]);
                _crc = Crc32C.Combine(_crc, batch.Crc, covered);
                summed = walker.NextPosition;
            }
        }
        _crc = Crc32C.Append(_crc, batches[summed..]);
        if (walker.Error != RecordBatchError.None)
        {
            throw new ArgumentException(
                $"Partition {_slice.Partition}: no whole batch at byte {Length + walker.Position} of the slice. "
                + $"{RecordFormatException.Describe(walker.Error)}");
        }
        Length += batches.Length;
    }

    public readonly SegmentSlice Finish(long position)
    {
        if (_nextOffset != _slice.EndOffset)
        {
            throw new ArgumentException($"Partition {_slice.Partition}: the slice's batches end at {_nextOffset}, not at {_slice.EndOffset}.");
        }
        return new SegmentSlice
        {
            Partition = _slice.Partition,
            TopicName = _slice.TopicName,
            Epoch = _slice.Epoch,
            BaseOffset = _slice.BaseOffset,
            EndOffset = _slice.EndOffset,
            LogStartOffset = _slice.LogStartOffset,
            MaxTimestamp = _maxTimestamp,
            Records = _records,
            Position = position,
            Length = Length,
            Crc = _crc,
            IndexEntries = _index.Count - _indexFrom,
            BatchEpochs = _moreEpochs is null ? [_firstEpoch] : _moreEpochs,

            // Known once all slices are: see SegmentBuilder.
            IndexPosition = 0,
            IndexCrc = 0,
            SnapshotPosition = 0,
            SnapshotLength = 0,
            SnapshotCrc = 0,
        };
    }

    private void Add(in RecordBatchView batch, long position)
    {
        if (batch.BaseOffset != _nextOffset || batch.LastOffsetDelta < 0)
        {
            throw new ArgumentException($"Partition {_slice.Partition}: a batch begins at {batch.BaseOffset} where {_nextOffset} was due.");
        }
        long timestamp = batch.MaxTimestamp;
        AddToIndex(timestamp, position);
        AddEpoch(batch.PartitionLeaderEpoch);
        _nextOffset = batch.NextOffset;
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
        _records += batch.RecordCount;
    }

    private readonly void AddToIndex(long timestamp, long position)
    {
        int last = _index.Count - 1;
        if (last < _indexFrom || position - _index[last].Position >= SegmentLayout.IndexIntervalBytes)
        {
            _index.Add(new SegmentIndexEntry((uint)(_nextOffset - _slice.BaseOffset), checked((uint)position), timestamp));
        }
        else if (timestamp > _index[last].MaxTimestamp)
        {
            _index[last] = _index[last] with { MaxTimestamp = timestamp };
        }
    }

    private void AddEpoch(int epoch)
    {
        if (_nextOffset == _slice.BaseOffset)
        {
            _firstEpoch = new LeaderEpochRow(epoch, _nextOffset);
        }
        else if (epoch != _epoch)
        {
            (_moreEpochs ??= [_firstEpoch]).Add(new LeaderEpochRow(epoch, _nextOffset));
        }
        _epoch = epoch;
    }
}
