using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>The partitions of this process, as the lifecycle workers see them.</summary>
internal sealed class LocalLogDirectory(TopicCatalog catalog) : ILogDirectory
{
    /// <inheritdoc/>
    public IReadOnlyList<LedPartition> LedPartitions
    {
        get
        {
            List<LedPartition> led = [];
            foreach (LedTopic topic in catalog.All)
            {
                foreach (PartitionWriter partition in topic.Partitions)
                {
                    PartitionStatus status = partition.Describe();
                    if (status.Online)
                    {
                        led.Add(new LedPartition(
                            partition.Partition, partition.Config, partition.Holder, status.LeaderEpoch, status.HighWatermark, status.LogStartOffset));
                    }
                }
            }
            return led;
        }
    }

    /// <inheritdoc/>
    public void LogStartAdvanced(TopicPartition partition, long logStart) => catalog.Find(partition)?.SetLogStart(logStart);
}
