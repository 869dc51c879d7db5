using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Deletes offsets that a group has committed, except those of topics that its members read.</summary>
internal sealed class OffsetDeleteHandler(IBroker broker) : IKafkaHandler<OffsetDeleteRequest, OffsetDeleteResponse>
{
    public async ValueTask<OffsetDeleteResponse> HandleAsync(OffsetDeleteRequest request, KafkaCall call)
    {
        TopicDescription?[] topics = [.. request.Topics.Select(t => broker.FindTopic(t.Name))];
        List<TopicPartition> partitions = [];
        for (int i = 0; i < topics.Length; i++)
        {
            if (topics[i] is { } topic)
            {
                partitions.AddRange(request.Topics[i].Partitions.Select(p => new TopicPartition(topic.Id, p.PartitionIndex)));
            }
        }
        IReadOnlyList<BrokerErrorCode> outcomes = await broker.Groups.DeleteOffsetsAsync(request.GroupId, partitions, call.Client.Closed);
        if (outcomes.FirstOrDefault(OfWholeGroup) is var whole and not BrokerErrorCode.None)
        {
            return Refuse(request, KafkaErrors.OfGroup(whole), "");
        }
        int next = 0;
        return new OffsetDeleteResponse
        {
            Topics = [.. request.Topics.Select((t, i) => new OffsetDeleteResponse.Topic
            {
                Name = t.Name,
                Partitions = [.. t.Partitions.Select(p => new OffsetDeleteResponse.Partition
                {
                    PartitionIndex = p.PartitionIndex,
                    ErrorCode = topics[i] is null ? KafkaErrorCode.UnknownTopicOrPartition : KafkaErrors.OfGroup(outcomes[next++]),
                })],
            })],
        };
    }

    public OffsetDeleteResponse Refuse(OffsetDeleteRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };

    private static bool OfWholeGroup(BrokerErrorCode code) =>
        code is BrokerErrorCode.GroupNotFound or BrokerErrorCode.GroupNotEmpty or BrokerErrorCode.InvalidGroupId;
}
