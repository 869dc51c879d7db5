using StreamHouse.Broker.Segments;
using StreamHouse.Records;

namespace StreamHouse.Broker.Partitions;

/// <summary>Answers questions for offsets, looking through objects first and the tail in memory after them.</summary>
internal sealed class OffsetFinder(TieredReader tiered, EpochHistory epochs)
{
    /// <summary>See <see cref="IBroker.FindOffsetAsync"/>.</summary>
    public async Task<OffsetResult> FindAsync(PartitionWriter partition, OffsetQuery query, long timestampMs, CancellationToken ct)
    {
        PartitionStatus status = partition.Describe();
        switch (query)
        {
            case OffsetQuery.Earliest:
                return await AtAsync(partition, status.LogStartOffset, ct);
            case OffsetQuery.Latest:
                return new OffsetResult(status.HighWatermark, -1, status.LeaderEpoch);
            case OffsetQuery.EarliestUntiered:
                return await AtAsync(partition, Math.Max(status.LogStartOffset, status.TieredEndOffset), ct);
            case OffsetQuery.LatestTiered:
                return status.TieredEndOffset > status.LogStartOffset
                    ? await AtAsync(partition, status.TieredEndOffset - 1, ct) : new OffsetResult(-1, -1, -1);
            case OffsetQuery.ByTimestamp:
                return await FindStoredAsync(partition, status, query, timestampMs, ct)
                    ?? FindInTail(partition, status, timestampMs) ?? new OffsetResult(-1, -1, -1);
            case OffsetQuery.MaxTimestamp:
                OffsetResult? stored = await FindStoredAsync(partition, status, query, timestampMs, ct);
                OffsetResult? tail = FindInTail(partition, status, null);
                OffsetResult none = new(-1, -1, -1);
                return (tail?.TimestampMs ?? -1) > (stored?.TimestampMs ?? -1) ? tail ?? none : stored ?? none;
            default:
                throw new BrokerException(BrokerErrorCode.InvalidRequest, $"There is no offset query {(int)query}.");
        }
    }

    // With the epoch of the record there (KIP-320): a reader that begins there notices by it when the log has been another one.
    private async Task<OffsetResult> AtAsync(PartitionWriter partition, long offset, CancellationToken ct) =>
        new(offset, -1, await epochs.FindAtAsync(partition, offset, ct));

    private Task<OffsetResult?> FindStoredAsync(
        PartitionWriter partition, PartitionStatus status, OffsetQuery query, long timestampMs, CancellationToken ct) =>
        status.TieredEndOffset > status.LogStartOffset
            ? tiered.FindAsync(partition.Partition, status.LogStartOffset, query, timestampMs, ct)
            : Task.FromResult<OffsetResult?>(null);

    // A null timestamp asks for the largest one.
    private static OffsetResult? FindInTail(PartitionWriter partition, PartitionStatus status, long? timestampMs)
    {
        List<TailBatch> batches = partition.RetainVisible(Math.Max(status.LogStartOffset, status.TieredEndOffset));
        using RecordBatchReader reader = new();
        try
        {
            long wanted = timestampMs ?? Largest(batches);
            foreach (TailBatch batch in batches)
            {
                if (batch.MaxTimestamp >= wanted && FindInBatch(reader, batch, wanted, status.LogStartOffset) is { } found)
                {
                    return found;
                }
            }
            return null;
        }
        finally
        {
            foreach (TailBatch batch in batches)
            {
                batch.Slice.Owner.Release();
            }
        }
    }

    private static long Largest(List<TailBatch> batches)
    {
        long largest = long.MinValue;
        foreach (TailBatch batch in batches)
        {
            largest = Math.Max(largest, batch.MaxTimestamp);
        }
        return largest;
    }

    private static OffsetResult? FindInBatch(RecordBatchReader reader, in TailBatch batch, long timestampMs, long logStart)
    {
        RecordReader records = reader.Open(batch.Slice.Span);
        while (records.Read())
        {
            ref readonly Record record = ref records.Current;
            if (record.Timestamp >= timestampMs && record.Offset >= logStart)
            {
                return new OffsetResult(record.Offset, record.Timestamp, batch.Epoch);
            }
        }
        return null;
    }
}
