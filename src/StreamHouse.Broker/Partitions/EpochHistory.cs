using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Partitions;

/// <summary>Where a leader epoch ends.</summary>
/// <param name="Epoch">The largest epoch with records that is not above the one asked for (that one when the log begins later); -1 when it is above the leader's.</param>
/// <param name="EndOffset">The offset after its last record, at most the high watermark; -1 when it is above the leader's.</param>
public readonly record struct EpochEnd(long Epoch, long EndOffset)
{
    /// <summary>The answer for an epoch that has not begun.</summary>
    public static EpochEnd Unknown { get; } = new(-1, -1);
}

/// <summary>Answers where leader epochs end, and which one an offset belongs to: from the manifest for what lies in objects, from the tail for the rest.</summary>
internal sealed class EpochHistory(IManifestStore manifest)
{
    /// <summary>See <see cref="IBroker.FindEpochEndAsync"/>.</summary>
    public async Task<EpochEnd> FindEndAsync(PartitionWriter partition, long epoch, CancellationToken ct)
    {
        // The tail before the manifest: what leaves the one in between is in the other already.
        (PartitionStatus status, SortedDictionary<long, long> starts) = partition.DescribeEpochs();
        if (epoch >= status.LeaderEpoch)
        {
            return epoch == status.LeaderEpoch ? new EpochEnd(epoch, status.HighWatermark) : EpochEnd.Unknown;
        }
        if (status.TieredEndOffset > 0)
        {
            foreach (LeaderEpochRow row in await manifest.ListLeaderEpochsAsync(partition.Partition, ct))
            {
                starts[row.Epoch] = Math.Min(row.StartOffset, starts.GetValueOrDefault(row.Epoch, long.MaxValue));
            }
        }
        long floor = -1;
        foreach ((long known, long start) in starts)
        {
            if (known > epoch)
            {
                // Smaller than every epoch in the log: as Kafka has it, the epoch asked for ends where the log begins.
                return new EpochEnd(floor < 0 ? epoch : floor, start);
            }
            floor = known;
        }
        return new EpochEnd(floor < 0 ? epoch : floor, status.HighWatermark);
    }

    /// <summary>The epoch of the record at an offset; the leader's own when the log holds none there.</summary>
    public async Task<long> FindAtAsync(PartitionWriter partition, long offset, CancellationToken ct)
    {
        (PartitionStatus status, SortedDictionary<long, long> starts) = partition.DescribeEpochs();
        long found = -1;
        foreach ((long epoch, long start) in starts)
        {
            found = start <= offset ? epoch : found;
        }
        if (found < 0 && status.TieredEndOffset > 0)
        {
            foreach (LeaderEpochRow row in await manifest.ListLeaderEpochsAsync(partition.Partition, ct))
            {
                found = row.StartOffset <= offset ? Math.Max(found, row.Epoch) : found;
            }
        }
        return found < 0 ? status.LeaderEpoch : found;
    }
}
