using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Records.Partitioning;

namespace StreamHouse.Server.Http.Produce;

/// <summary>
/// Chooses partitions: the one that is asked for, else by the key as Kafka's clients do, else one for all such records of a request,
/// another from request to request.
/// </summary>
internal sealed class RecordPlacement
{
    private int _requests;

    /// <summary>The partition for this request's records with neither partition nor key.</summary>
    public int NextSticky(TopicDescription topic) => (int)((uint)Interlocked.Increment(ref _requests) % (uint)topic.Partitions);

    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownPartition"/>, naming the record.</exception>
    public static int Place(TopicDescription topic, in IncomingRecord record, int index, int sticky)
    {
        if (record.Partition is { } wanted)
        {
            return wanted < topic.Partitions
                ? wanted
                : throw new BrokerException(
                    BrokerErrorCode.UnknownPartition,
                    $"'records[{index}].partition' is {wanted}; topic '{topic.Name}' has partitions 0 to {topic.Partitions - 1}.");
        }
        return record.Key is { } key ? KeyPartitioner.PartitionOf(key.Span, topic.Partitions) : sticky;
    }
}
