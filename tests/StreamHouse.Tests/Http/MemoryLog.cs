using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Records;

namespace StreamHouse.Tests.Http;

/// <summary>A partition of <see cref="MemoryBroker"/>: batches in a list.</summary>
internal sealed class MemoryLog
{
    private readonly List<byte[]> _batches = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Start { get; private set; }

    public long End { get; private set; }

    public Task Changed
    {
        get
        {
            lock (_batches)
            {
                return _changed.Task;
            }
        }
    }

    public long Append(ReadOnlySpan<byte> batch)
    {
        lock (_batches)
        {
            byte[] own = batch.ToArray();
            RecordBatchStamp.SetOffset(own, End, 0);
            _batches.Add(own);
            long offset = End;
            End = new RecordBatchView(own).NextOffset;
            Wake();
            return offset;
        }
    }

    public void Wake()
    {
        TaskCompletionSource changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    public long Trim(long offset)
    {
        lock (_batches)
        {
            long to = offset < 0 ? End : offset;
            if (to > End)
            {
                throw new BrokerException(BrokerErrorCode.OffsetOutOfRange, $"The log ends at {End}.");
            }
            return Start = Math.Max(Start, to);
        }
    }

    public OffsetResult Find(OffsetQuery query, long timestampMs)
    {
        lock (_batches)
        {
            if (query is OffsetQuery.Earliest or OffsetQuery.Latest)
            {
                return new OffsetResult(query == OffsetQuery.Earliest ? Start : End, -1, 0);
            }
            using var reader = new RecordBatchReader();
            OffsetResult found = new(-1, -1, -1);
            foreach (byte[] batch in _batches)
            {
                foreach (StreamHouse.Records.Record record in reader.Open(batch))
                {
                    if (query == OffsetQuery.ByTimestamp ? record.Timestamp >= timestampMs && found.Offset < 0 : record.Timestamp > found.TimestampMs)
                    {
                        found = new OffsetResult(record.Offset, record.Timestamp, 0);
                    }
                }
            }
            return found;
        }
    }

    public PartitionFetch Read(FetchPartition wanted, BufferPool buffers, int pieceBytesMax)
    {
        lock (_batches)
        {
            if (wanted.Offset < Start || wanted.Offset > End)
            {
                return new PartitionFetch
                {
                    Partition = wanted.Partition, Error = BrokerErrorCode.OffsetOutOfRange, LogStartOffset = Start, HighWatermark = End,
                    Message = $"Offset {wanted.Offset} is outside {Start} to {End}.",
                };
            }
            var fetch = new PartitionFetch { Partition = wanted.Partition, LogStartOffset = Start, HighWatermark = End, LastStableOffset = End };
            foreach (byte[] batch in _batches.Where(b => new RecordBatchView(b).NextOffset > wanted.Offset))
            {
                if (fetch.Bytes > 0 && fetch.Bytes + batch.Length > wanted.BytesMax)
                {
                    break;
                }
                foreach (byte[] piece in batch.Chunk(pieceBytesMax))
                {
                    SharedBuffer buffer = buffers.Rent(piece.Length);
                    piece.CopyTo(buffer.Span);
                    fetch.Add(new BufferSlice(buffer, 0, piece.Length));
                }
            }
            return fetch;
        }
    }
}
