using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>What the lifecycle workers need to know of the partitions led by this process.</summary>
public interface ILogDirectory
{
    /// <summary>The partitions led now, as of now.</summary>
    IReadOnlyList<LedPartition> LedPartitions { get; }

    /// <summary>A partition's log start has been moved forward in the metadata: records below it are out of range.</summary>
    void LogStartAdvanced(TopicPartition partition, long logStart);
}

/// <summary>A partition led by this process.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Config">Its topic's settings.</param>
/// <param name="Holder">The incarnation that holds the lease.</param>
/// <param name="Epoch">The lease's epoch.</param>
/// <param name="HighWatermark">End of what readers see.</param>
/// <param name="LogStart">First readable offset.</param>
public sealed record LedPartition(TopicPartition Partition, TopicConfig Config, Guid Holder, long Epoch, long HighWatermark, long LogStart);
