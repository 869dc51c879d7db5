using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>Reads what lies in objects: finds the slice in the manifest, then the bytes through the cache.</summary>
internal sealed class TieredReader(IManifestStore manifest, ManifestCache rows, SegmentReader segments) : IProducerSnapshots
{
    /// <summary>Slices one read goes on to, when they are small.</summary>
    private const int SlicesPerReadMax = 64;

    /// <summary>Fills <paramref name="fetch"/> from objects.</summary>
    /// <param name="partition">Where.</param>
    /// <param name="wanted">What.</param>
    /// <param name="fetch">The answer so far: no bytes, the partition's marks.</param>
    /// <param name="bytesMax">Byte limit.</param>
    /// <param name="wholeFirst">Return the first batch even when it is larger than the limit.</param>
    /// <param name="ct">Ends the read.</param>
    public async ValueTask<PartitionFetch> ReadAsync(
        PartitionWriter partition, FetchPartition wanted, PartitionFetch fetch, int bytesMax, bool wholeFirst, CancellationToken ct)
    {
        long offset = wanted.Offset;
        bool refreshed = false;
        for (int slices = 0; slices < SlicesPerReadMax;)
        {
            bool first = wholeFirst && fetch.Bytes == 0;
            if (fetch.Hold is { Room: 0 } full && !first)
            {
                full.Cut();
                return fetch;
            }
            SegmentRow? row;
            try
            {
                row = await rows.FindAsync(wanted.Partition, offset, ct);
                if (row is null || row.BaseOffset > offset)
                {
                    return fetch.Bytes > 0 ? fetch : await ExplainAsync(partition, offset, fetch, ct);
                }
                int left = bytesMax - fetch.Bytes;

                // Nothing less than a block: that much is held anyway.
                int room = fetch.Hold is { } hold ? Math.Min(left, Math.Max(hold.Room, segments.BlockBytes)) : left;
                SegmentReadResult read = await segments.ReadAsync(row, offset, room, first, fetch, ct);
                fetch.Count(read.NextOffset - offset);
                if (read.NextOffset < row.EndOffset && room < left)
                {
                    fetch.Hold!.Cut();
                }
                if (read.NextOffset < row.EndOffset || fetch.Bytes >= bytesMax)
                {
                    return fetch;
                }
                offset = read.NextOffset;
                slices++;
                if (offset >= partition.Describe().TieredEndOffset)
                {
                    return fetch;
                }
            }
            catch (Exception e) when (e is BrokerException { Code: BrokerErrorCode.DataDamaged } && !refreshed)
            {
                // The cached row may be of an object that retention has deleted since.
                refreshed = true;
                rows.Forget(wanted.Partition);
            }
            catch (Exception e) when (e is BrokerException or IOException)
            {
                return fetch.Bytes > 0 ? fetch : Failed(fetch, e is BrokerException known ? known.Code : BrokerErrorCode.StorageFailed, e.Message);
            }
        }
        return fetch;
    }

    /// <summary>Finds an offset by timestamp among a partition's slices.</summary>
    /// <returns>Null when none of them has a record that matches.</returns>
    public async Task<OffsetResult?> FindAsync(TopicPartition partition, long logStart, OffsetQuery query, long timestampMs, CancellationToken ct)
    {
        const int RowsPerPage = 1000;
        SegmentRow? best = null;
        long from = logStart;
        while (true)
        {
            IReadOnlyList<SegmentRow> page = await manifest.ListSegmentsAsync(partition, from, RowsPerPage, ct);
            foreach (SegmentRow row in page)
            {
                if (query == OffsetQuery.ByTimestamp && row.MaxTimestamp >= timestampMs
                    && await segments.FindTimestampAsync(row, timestampMs, logStart, ct) is { } found)
                {
                    return found;
                }
                if (query == OffsetQuery.MaxTimestamp && row.MaxTimestamp > (best?.MaxTimestamp ?? -1))
                {
                    best = row;
                }
            }
            if (page.Count < RowsPerPage)
            {
                return best is null ? null : await segments.FindMaxTimestampAsync(best, logStart, ct);
            }
            from = page[^1].EndOffset;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ProducerSnapshot>> LoadAsync(TopicPartition partition, long logStart, CancellationToken ct)
    {
        List<ProducerSnapshot> snapshots = [];
        try
        {
            SegmentRow? row = await manifest.FindLastSegmentAsync(partition, ct);
            while (row is not null && await ReadSnapshotAsync(row, logStart, ct) is { } snapshot)
            {
                snapshots.Insert(0, snapshot);
                row = snapshot.IsPartial ? await FindBeforeAsync(row, ct) : null;
            }
            return snapshots;
        }
        catch (IOException e)
        {
            throw new BrokerException(BrokerErrorCode.StorageFailed, $"The producer state of {partition} cannot be read: {e.Message}", e);
        }
    }

    private async Task<SegmentRow?> FindBeforeAsync(SegmentRow row, CancellationToken ct) =>
        row.BaseOffset > 0 && await manifest.ListSegmentsAsync(row.Partition, row.BaseOffset - 1, 1, ct) is [SegmentRow before, ..]
            && before.EndOffset == row.BaseOffset ? before : null;

    // Null when the damage does not matter any more.
    private async Task<ProducerSnapshot?> ReadSnapshotAsync(SegmentRow row, long logStart, CancellationToken ct)
    {
        bool again = true;
        while (true)
        {
            try
            {
                return await segments.ReadProducerSnapshotAsync(row, ct);
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.DataDamaged && again)
            {
                // What is believed damaged closes the partition to writers: the store is asked twice.
                again = false;
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.DataDamaged && row.EndOffset <= logStart)
            {
                return null;
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.DataDamaged)
            {
                throw new BrokerException(
                    e.Code,
                    $"{e.Message} It holds the producer state of {row.Partition}, without which nothing can be appended there: restore the object '{row.Key}', "
                    + $"or delete the partition's records below offset {row.EndOffset}.",
                    e);
            }
        }
    }

    // Before this is called damage: the log start may have been moved while the answer was lost, or by another leader.
    private async ValueTask<PartitionFetch> ExplainAsync(PartitionWriter partition, long offset, PartitionFetch fetch, CancellationToken ct)
    {
        long start = partition.Describe().LogStartOffset;
        if (offset >= start)
        {
            if (await manifest.AdvanceLogStartAsync(partition.Partition, partition.Holder, partition.Epoch, start, ct) is not { } inForce)
            {
                return Failed(fetch, BrokerErrorCode.NotLeader, "The lease on this partition is lost; ask its new leader.");
            }
            partition.SetLogStart(inForce);
            start = inForce;
        }
        return offset < start
            ? Failed(fetch, BrokerErrorCode.OffsetOutOfRange, $"Offset {offset} has been removed by retention or on request. Seek to the log start.", start)
            : Failed(fetch, BrokerErrorCode.DataDamaged, $"No slice in the manifest holds offset {offset} of {fetch.Partition}.");
    }

    private static PartitionFetch Failed(PartitionFetch fetch, BrokerErrorCode code, string message, long logStart = -1) => new()
    {
        Partition = fetch.Partition,
        Error = code,
        Message = message,
        HighWatermark = fetch.HighWatermark,
        LastStableOffset = fetch.LastStableOffset,
        LogEndOffset = fetch.LogEndOffset,
        LogStartOffset = Math.Max(logStart, fetch.LogStartOffset),
        LeaderEpoch = fetch.LeaderEpoch,
    };
}
