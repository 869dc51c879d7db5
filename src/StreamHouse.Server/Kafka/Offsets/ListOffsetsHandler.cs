using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>
/// Finds offsets by time, or by one of the special values that stand for a place in the log. There are no transactions, so the end is the same for
/// every isolation level.
/// </summary>
internal sealed class ListOffsetsHandler(IBroker broker) : IKafkaHandler<ListOffsetsRequest, ListOffsetsResponse>
{
    public async ValueTask<ListOffsetsResponse> HandleAsync(ListOffsetsRequest request, KafkaCall call)
    {
        ListOffsetsResponse response = new() { Topics = new ListOffsetsResponse.Topic[request.Topics.Length] };
        for (int i = 0; i < response.Topics.Length; i++)
        {
            ListOffsetsRequest.Topic asked = request.Topics[i];
            TopicDescription? topic = broker.FindTopic(asked.Name);
            ListOffsetsResponse.Topic found = new() { Name = asked.Name, Partitions = new ListOffsetsResponse.Partition[asked.Partitions.Length] };
            for (int p = 0; p < found.Partitions.Length; p++)
            {
                found.Partitions[p] = topic is null
                    ? Failed(asked.Partitions[p], KafkaErrorCode.UnknownTopicOrPartition)
                    : await FindAsync(topic.Id, asked.Partitions[p], call);
            }
            response.Topics[i] = found;
        }
        return response;
    }

    public ListOffsetsResponse Refuse(ListOffsetsRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new ListOffsetsResponse.Topic
        {
            Name = t.Name, Partitions = [.. t.Partitions.Select(p => Failed(p, error))],
        })],
    };

    private static ListOffsetsResponse.Partition Failed(ListOffsetsRequest.Partition asked, KafkaErrorCode error) =>
        new() { PartitionIndex = asked.PartitionIndex, ErrorCode = error };

    private async ValueTask<ListOffsetsResponse.Partition> FindAsync(TopicId topic, ListOffsetsRequest.Partition asked, KafkaCall call)
    {
        if (QueryOf(asked.Timestamp, call.Version) is not { } query)
        {
            return Failed(asked, KafkaErrorCode.UnsupportedVersion);
        }
        try
        {
            TopicPartition partition = new(topic, asked.PartitionIndex);
            LeaderEpochs.Check(asked.CurrentLeaderEpoch, broker.DescribePartition(partition));
            OffsetResult found = await broker.FindOffsetAsync(partition, query, asked.Timestamp, call.Client.Closed);
            return new ListOffsetsResponse.Partition
            {
                PartitionIndex = asked.PartitionIndex, Offset = found.Offset, Timestamp = found.TimestampMs, LeaderEpoch = (int)found.LeaderEpoch,
            };
        }
        catch (BrokerException e)
        {
            return Failed(asked, KafkaErrors.Of(e.Code));
        }
    }

    // Each special value has come with a version of its own; null for one that this version does not have.
    private static OffsetQuery? QueryOf(long timestamp, short version) => timestamp switch
    {
        >= 0 => OffsetQuery.ByTimestamp,
        -1 => OffsetQuery.Latest,
        -2 => OffsetQuery.Earliest,
        -3 when version >= 7 => OffsetQuery.MaxTimestamp,
        -4 when version >= 8 => OffsetQuery.EarliestUntiered,
        -5 when version >= 9 => OffsetQuery.LatestTiered,
        _ => null,
    };
}
