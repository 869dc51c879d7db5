using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Stores a group's offsets. How long they are kept is the server's to say, whatever a request of an old version asks for.</summary>
internal sealed class OffsetCommitHandler(IBroker broker) : IKafkaHandler<OffsetCommitRequest, OffsetCommitResponse>
{
    public async ValueTask<OffsetCommitResponse> HandleAsync(OffsetCommitRequest request, KafkaCall call)
    {
        TopicDescription?[] topics = [.. request.Topics.Select(t => broker.FindTopic(t.Name))];
        List<OffsetCommit> commits = [];
        for (int i = 0; i < topics.Length; i++)
        {
            if (topics[i] is { } topic)
            {
                commits.AddRange(request.Topics[i].Partitions.Select(p => new OffsetCommit(
                    new TopicPartition(topic.Id, p.PartitionIndex), p.CommittedOffset, p.CommittedLeaderEpoch, p.CommittedMetadata)));
            }
        }
        // Nothing is awaited before this call: commits are stored in the order in which they arrive.
        IReadOnlyList<BrokerErrorCode> outcomes =
            await broker.Groups.CommitOffsetsAsync(request.GroupId, MemberOf(request), commits, call.Client.Closed);
        int next = 0;
        return new OffsetCommitResponse
        {
            Topics = [.. request.Topics.Select((t, i) => Answer(t, () => topics[i] is null
                ? KafkaErrorCode.UnknownTopicOrPartition : KafkaErrors.OfGroup(outcomes[next++])))],
        };
    }

    public OffsetCommitResponse Refuse(OffsetCommitRequest request, KafkaErrorCode error, string message) =>
        new() { Topics = [.. request.Topics.Select(t => Answer(t, () => error))] };

    private static OffsetCommitResponse.Topic Answer(OffsetCommitRequest.Topic topic, Func<KafkaErrorCode> nextOutcome) => new()
    {
        Name = topic.Name,
        Partitions = [.. topic.Partitions.Select(p => new OffsetCommitResponse.Partition { PartitionIndex = p.PartitionIndex, ErrorCode = nextOutcome() })],
    };

    // Whoever names neither a generation nor a member is none: a tool, or a reader that assigns itself. The group decides about those who name only a member.
    private static MemberIdentity? MemberOf(OffsetCommitRequest request) =>
        request.GenerationIdOrMemberEpoch < 0 && request.MemberId.Length == 0 && request.GroupInstanceId is null
            ? null : new MemberIdentity(request.MemberId, request.GenerationIdOrMemberEpoch, request.GroupInstanceId);
}
