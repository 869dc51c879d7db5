using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>Tells where leader epochs end: how clients notice that what they read is gone.</summary>
internal sealed class OffsetForLeaderEpochHandler(IBroker broker) : IKafkaHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    public async ValueTask<OffsetForLeaderEpochResponse> HandleAsync(OffsetForLeaderEpochRequest request, KafkaCall call)
    {
        OffsetForLeaderEpochResponse response = new() { Topics = new OffsetForLeaderEpochResponse.Topic[request.Topics.Length] };
        for (int i = 0; i < response.Topics.Length; i++)
        {
            OffsetForLeaderEpochRequest.Topic asked = request.Topics[i];
            TopicDescription? topic = broker.FindTopic(asked.Name);
            OffsetForLeaderEpochResponse.Topic found = new() { Name = asked.Name, Partitions = new OffsetForLeaderEpochResponse.Partition[asked.Partitions.Length] };
            for (int p = 0; p < found.Partitions.Length; p++)
            {
                found.Partitions[p] = topic is null
                    ? Failed(asked.Partitions[p], KafkaErrorCode.UnknownTopicOrPartition)
                    : await FindAsync(new TopicPartition(topic.Id, asked.Partitions[p].PartitionIndex), asked.Partitions[p], call);
            }
            response.Topics[i] = found;
        }
        return response;
    }

    public OffsetForLeaderEpochResponse Refuse(OffsetForLeaderEpochRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new OffsetForLeaderEpochResponse.Topic
        {
            Name = t.Name, Partitions = [.. t.Partitions.Select(p => Failed(p, error))],
        })],
    };

    private static OffsetForLeaderEpochResponse.Partition Failed(OffsetForLeaderEpochRequest.Partition asked, KafkaErrorCode error) =>
        new() { PartitionIndex = asked.PartitionIndex, ErrorCode = error };

    private async ValueTask<OffsetForLeaderEpochResponse.Partition> FindAsync(
        TopicPartition partition, OffsetForLeaderEpochRequest.Partition asked, KafkaCall call)
    {
        try
        {
            LeaderEpochs.Check(asked.CurrentLeaderEpoch, broker.DescribePartition(partition));
            EpochEnd end = asked.LeaderEpoch < 0 ? EpochEnd.Unknown : await broker.FindEpochEndAsync(partition, asked.LeaderEpoch, call.Client.Closed);
            return new OffsetForLeaderEpochResponse.Partition
            {
                PartitionIndex = asked.PartitionIndex, LeaderEpoch = (int)end.Epoch, EndOffset = end.EndOffset,
            };
        }
        catch (BrokerException e)
        {
            return Failed(asked, KafkaErrors.Of(e.Code));
        }
    }
}
