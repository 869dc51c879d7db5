using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Moves log starts forward: first in the metadata, under the lease, then for readers. A log start never passes the committed end,
/// so records that only the tail holds are uploaded first.
/// </summary>
internal sealed class LogStarts(IManifestStore manifest)
{
    /// <summary>See <see cref="IBroker.DeleteRecordsAsync"/>.</summary>
    /// <param name="partition">Where.</param>
    /// <param name="uploader">Uploads the partition's tail.</param>
    /// <param name="offset">New log start, or -1 for the high watermark.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<long> AdvanceAsync(PartitionWriter partition, SegmentUploader uploader, long offset, CancellationToken ct)
    {
        PartitionStatus status = partition.Describe();
        long target = offset == -1 ? status.HighWatermark : offset;
        if (target < 0 || target > status.HighWatermark)
        {
            throw new BrokerException(
                BrokerErrorCode.OffsetOutOfRange, $"Records below {offset} cannot be deleted: the log holds {status.LogStartOffset} to {status.HighWatermark}.");
        }
        if (target <= status.LogStartOffset)
        {
            return status.LogStartOffset;
        }
        if (target > status.TieredEndOffset)
        {
            Task tiered = partition.WaitForTieredAsync(target, ct);
            uploader.Flush();
            await tiered;
        }
        long? moved = await manifest.AdvanceLogStartAsync(partition.Partition, partition.Holder, partition.Epoch, target, ct);
        if (moved is not { } logStart)
        {
            throw new BrokerException(BrokerErrorCode.Fenced, "The lease on this partition is lost; ask its new leader.");
        }
        partition.SetLogStart(logStart);
        return logStart;
    }
}
