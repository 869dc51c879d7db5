using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;
using Response = StreamHouse.Kafka.Messages.OffsetFetchResponse;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>
/// Reads the offsets that groups have committed: of one group up to version 7, of several from 8. What was never committed, or belongs to a topic that
/// there is not, has the offset -1 and no error. There are no transactions, so offsets are always stable.
/// </summary>
internal sealed class OffsetFetchHandler(IBroker broker) : IKafkaHandler<OffsetFetchRequest, Response>
{
    private const short SeveralVersion = 8;
    private const short WholeErrorVersion = 2;

    public async ValueTask<Response> HandleAsync(OffsetFetchRequest request, KafkaCall call)
    {
        if (call.Version < SeveralVersion)
        {
            OffsetFetchRequest.Group only = OnlyGroup(request);
            Response.Group found = await FetchAsync(only, call);
            return OneGroup(found, call.Version);
        }
        List<Response.Group> groups = [];
        // A group is told once, however often it is named: else a small request could ask for any amount of memory.
        foreach (OffsetFetchRequest.Group group in request.Groups.DistinctBy(g => g.GroupId))
        {
            groups.Add(await FetchAsync(group, call));
        }
        return new Response { Groups = [.. groups] };
    }

    public Response Refuse(OffsetFetchRequest request, KafkaErrorCode error, string message) => new()
    {
        ErrorCode = error,
        Topics = OneGroup(Failed(OnlyGroup(request), error), version: 1).Topics,
        Groups = [.. request.Groups.Select(g => Failed(g, error))],
    };

    private static OffsetFetchRequest.Group OnlyGroup(OffsetFetchRequest request) => new()
    {
        GroupId = request.GroupId,
        Topics = request.Topics is { } topics
            ? [.. topics.Select(t => new OffsetFetchRequest.GroupTopic { Name = t.Name, PartitionIndexes = t.PartitionIndexes })] : null,
    };

    // Version 1 has no place for an error of the whole.
    private static Response OneGroup(Response.Group group, short version) => new()
    {
        ErrorCode = group.ErrorCode,
        Topics = [.. group.Topics.Select(t => new Response.Topic
        {
            Name = t.Name,
            Partitions = [.. t.Partitions.Select(p => new Response.Partition
            {
                PartitionIndex = p.PartitionIndex,
                CommittedOffset = p.CommittedOffset,
                CommittedLeaderEpoch = p.CommittedLeaderEpoch,
                Metadata = p.Metadata,
                ErrorCode = version < WholeErrorVersion ? group.ErrorCode : p.ErrorCode,
            })],
        })],
    };

    private static Response.Group Failed(OffsetFetchRequest.Group asked, KafkaErrorCode error) => new()
    {
        GroupId = asked.GroupId,
        ErrorCode = error,
        Topics = [.. (asked.Topics ?? []).Select(t => new Response.GroupTopic { Name = t.Name, Partitions = [.. t.PartitionIndexes.Select(NotCommitted)] })],
    };

    private static Response.GroupPartition NotCommitted(int partition) => new() { PartitionIndex = partition, CommittedOffset = -1, Metadata = "" };

    private static Response.GroupPartition Committed(GroupOffset offset) => new()
    {
        PartitionIndex = offset.Partition.Partition,
        CommittedOffset = offset.Offset,
        CommittedLeaderEpoch = offset.LeaderEpoch,
        Metadata = offset.Metadata ?? "",
    };

    private async ValueTask<Response.Group> FetchAsync(OffsetFetchRequest.Group asked, KafkaCall call)
    {
        try
        {
            IReadOnlyList<GroupOffset> offsets = await broker.Groups.FetchOffsetsAsync(asked.GroupId, PartitionsOf(asked.Topics), call.Client.Closed);
            return new Response.Group { GroupId = asked.GroupId, Topics = asked.Topics is { } topics ? Wanted(topics, offsets) : All(offsets) };
        }
        catch (BrokerException e)
        {
            return Failed(asked, KafkaErrors.OfOffsetFetch(e.Code));
        }
    }

    private List<TopicPartition>? PartitionsOf(OffsetFetchRequest.GroupTopic[]? topics)
    {
        if (topics is null)
        {
            return null;
        }
        List<TopicPartition> partitions = [];
        foreach (OffsetFetchRequest.GroupTopic topic in topics)
        {
            if (broker.FindTopic(topic.Name) is { } known)
            {
                partitions.AddRange(topic.PartitionIndexes.Select(p => new TopicPartition(known.Id, p)));
            }
        }
        return partitions;
    }

    private Response.GroupTopic[] Wanted(OffsetFetchRequest.GroupTopic[] topics, IReadOnlyList<GroupOffset> offsets)
    {
        var byPartition = offsets.ToDictionary(o => o.Partition);
        return [.. topics.Select(t =>
        {
            TopicDescription? topic = broker.FindTopic(t.Name);
            return new Response.GroupTopic
            {
                Name = t.Name,
                Partitions = [.. t.PartitionIndexes.Select(p =>
                    topic is not null && byPartition.TryGetValue(new TopicPartition(topic.Id, p), out GroupOffset? offset)
                        ? Committed(offset) : NotCommitted(p))],
            };
        })];
    }

    private Response.GroupTopic[] All(IReadOnlyList<GroupOffset> offsets) =>
    [
        .. offsets.GroupBy(o => broker.FindTopic(o.Partition.Topic)?.Name).Where(t => t.Key is not null).Select(t => new Response.GroupTopic
        {
            Name = t.Key!, Partitions = [.. t.Select(Committed)],
        }),
    ];
}
