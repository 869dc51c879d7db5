using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Consuming;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using Stored = StreamHouse.Broker.Metadata.GroupOffset;

namespace StreamHouse.Server.Grpc.Admin;

/// <summary>Serves the offsets of <c>streamhouse.v1.AdminService</c>: those of partitions and those of consumer groups.</summary>
internal sealed class OffsetService(IBroker broker)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(AdminRpc.ListOffsets.Server, ListOffsetsAsync);
        routes.Unary(AdminRpc.CommitGroupOffsets.Server, CommitAsync);
        routes.Unary(AdminRpc.FetchGroupOffsets.Server, FetchAsync);
        routes.Unary(AdminRpc.ListGroups.Server, ListGroupsAsync);
    }

    private async ValueTask<ListOffsetsResponse> ListOffsetsAsync(ListOffsetsRequest request, RpcContext context)
    {
        TopicDescription topic = broker.Require(request.Topic, Guid.Empty);
        OffsetQuery query = request.Kind switch
        {
            ListOffsetsRequest.Types.Kind.Earliest => OffsetQuery.Earliest,
            ListOffsetsRequest.Types.Kind.Latest => OffsetQuery.Latest,
            ListOffsetsRequest.Types.Kind.Timestamp => OffsetQuery.ByTimestamp,
            ListOffsetsRequest.Types.Kind.MaxTimestamp => OffsetQuery.MaxTimestamp,
            _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"kind has the value {(int)request.Kind}, which this server does not know."),
        };
        int[] partitions = request.Partitions.Count > 0 ? [.. request.Partitions] : [.. Enumerable.Range(0, topic.Partitions)];
        ListOffsetsResponse response = new() { Consistency = request.Consistency };
        foreach (Task<OffsetResult> answer in broker.FindOffsets(
            partitions.Select(p => new TopicPartition(topic.Id, p)), query, request.TimestampMs, ConsistencyLevels.FromWire(request.Consistency),
            context.Aborted))
        {
            response.Offsets.Add(await ToMessageAsync(topic, partitions[response.Offsets.Count], answer));
        }
        return response;
    }

    private static async ValueTask<PartitionOffset> ToMessageAsync(TopicDescription topic, int partition, Task<OffsetResult> answer)
    {
        try
        {
            OffsetResult found = await answer;
            return new PartitionOffset { Partition = partition, Offset = found.Offset, TimestampMs = found.TimestampMs, LeaderEpoch = found.LeaderEpoch };
        }
        catch (BrokerException e)
        {
            return new PartitionOffset
            {
                Partition = partition, Offset = -1, TimestampMs = -1, LeaderEpoch = -1, Error = BrokerErrors.Detail(e.Code, e.Message, topic.Name, partition),
            };
        }
    }

    private async ValueTask<CommitGroupOffsetsResponse> CommitAsync(CommitGroupOffsetsRequest request, RpcContext context)
    {
        ThrowIfEmpty(request.Group);
        List<OffsetCommit> offsets = new(request.Offsets.Count);
        foreach (GroupOffset offset in request.Offsets)
        {
            if (offset.Offset < 0 || offset.LeaderEpoch is < -1 or > int.MaxValue)
            {
                throw new BrokerException(
                    BrokerErrorCode.InvalidRequest, $"The offset of '{offset.Topic}' partition {offset.Partition} or its leader epoch is out of range.");
            }
            TopicDescription topic = broker.Require(offset.Topic, Guid.Empty);
            if (offset.Partition < 0 || offset.Partition >= topic.Partitions)
            {
                // Before anything is stored: a commit is all or nothing here.
                throw new BrokerException(BrokerErrorCode.UnknownPartition, $"'{offset.Topic}' has no partition {offset.Partition}.");
            }
            offsets.Add(new OffsetCommit(
                new TopicPartition(topic.Id, offset.Partition), offset.Offset, (int)offset.LeaderEpoch, offset.Metadata.Length == 0 ? null : offset.Metadata));
        }
        IReadOnlyList<BrokerErrorCode> outcomes = await broker.Groups.CommitOffsetsAsync(request.Group, member: null, offsets, context.Aborted);
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] != BrokerErrorCode.None)
            {
                GroupOffset refused = request.Offsets[i];
                if (outcomes[i] == BrokerErrorCode.UnknownMember)
                {
                    throw new BrokerException(BrokerErrorCode.GroupNotEmpty, GroupErrors.MessageOf(BrokerErrorCode.GroupNotEmpty));
                }
                throw new BrokerException(outcomes[i], $"The offset of '{refused.Topic}' partition {refused.Partition} was not stored.");
            }
        }
        return new CommitGroupOffsetsResponse();
    }

    private async ValueTask<FetchGroupOffsetsResponse> FetchAsync(FetchGroupOffsetsRequest request, RpcContext context)
    {
        ThrowIfEmpty(request.Group);
        FetchGroupOffsetsResponse response = new();
        TopicId? only = request.Topic.Length > 0 ? broker.Require(request.Topic, Guid.Empty).Id : null;
        if (only is null && request.Partitions.Count > 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "partitions are named without a topic.");
        }
        HashSet<int> missing = [.. request.Partitions];
        bool all = missing.Count == 0;
        foreach (Stored offset in await broker.Groups.FetchOffsetsAsync(request.Group, null, context.Aborted))
        {
            bool asked = (only is null || only == offset.Partition.Topic) && (all || missing.Remove(offset.Partition.Partition));
            if (asked && broker.FindTopic(offset.Partition.Topic) is { } topic)
            {
                response.Offsets.Add(new GroupOffset
                {
                    Topic = topic.Name,
                    Partition = offset.Partition.Partition,
                    Offset = offset.Offset,
                    LeaderEpoch = offset.LeaderEpoch,
                    Metadata = offset.Metadata ?? "",
                    CommittedMs = offset.CommittedAt.ToUnixTimeMilliseconds(),
                });
            }
        }
        response.Offsets.AddRange(missing.Order().Select(p => new GroupOffset { Topic = request.Topic, Partition = p, Offset = -1, LeaderEpoch = -1 }));
        return response;
    }

    private async ValueTask<ListGroupsResponse> ListGroupsAsync(ListGroupsRequest request, RpcContext context)
    {
        ListGroupsResponse response = new();
        response.Groups.AddRange((await broker.Groups.ListAsync(GroupFilter.All, context.Aborted)).Select(g => g.Group));
        return response;
    }

    private static void ThrowIfEmpty(string group)
    {
        if (group.Length == 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "The request names no group.");
        }
    }
}
