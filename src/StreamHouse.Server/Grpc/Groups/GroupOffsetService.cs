using Google.Protobuf;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using State = StreamHouse.Broker.Groups.GroupState;
using Stored = StreamHouse.Broker.Metadata.GroupOffset;

namespace StreamHouse.Server.Grpc.Groups;

/// <summary>Serves the rest of <c>streamhouse.v1.GroupService</c>: committed offsets, and what an administrator asks.</summary>
internal sealed class GroupOffsetService(IBroker broker)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(GroupRpc.Commit.Server, CommitAsync);
        routes.Unary(GroupRpc.Fetch.Server, FetchAsync);
        routes.Unary(GroupRpc.Describe.Server, DescribeAsync);
        routes.Unary(GroupRpc.List.Server, ListAsync);
        routes.Unary(GroupRpc.Delete.Server, DeleteAsync);
        routes.Unary(GroupRpc.DeleteOffsets.Server, DeleteOffsetsAsync);
    }

    private async ValueTask<CommitOffsetsResponse> CommitAsync(CommitOffsetsRequest request, RpcContext context)
    {
        GroupName.ThrowIfInvalid(request.Group);
        List<OffsetCommit> commits = new(request.Offsets.Count);
        foreach (GroupOffset offset in request.Offsets)
        {
            // A topic that is not there gets an id that is none, and with it its own error.
            TopicId topic = broker.FindTopic(offset.Topic)?.Id ?? default;
            int epoch = offset.LeaderEpoch is < -1 or > int.MaxValue
                ? throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The leader epoch {offset.LeaderEpoch} is out of range.")
                : (int)offset.LeaderEpoch;
            commits.Add(new OffsetCommit(
                new TopicPartition(topic, offset.Partition), offset.Offset, epoch, offset.Metadata.Length == 0 ? null : offset.Metadata));
        }
        MemberIdentity? member = request.Member is null ? null : GroupService.IdentityOf(request.Member);
        IReadOnlyList<BrokerErrorCode> outcomes = await broker.Groups.CommitOffsetsAsync(request.Group, member, commits, context.Aborted);
        CommitOffsetsResponse response = new();
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] is BrokerErrorCode.None)
            {
                continue;
            }
            if (!IsOfOnePartition(outcomes[i]))
            {
                BrokerErrorCode code = outcomes[i] == BrokerErrorCode.UnknownMember && member is null ? BrokerErrorCode.GroupNotEmpty : outcomes[i];
                throw new BrokerException(code, GroupErrors.MessageOf(code));
            }
            response.Errors.Add(BrokerErrors.Detail(outcomes[i], GroupErrors.MessageOf(outcomes[i]), request.Offsets[i].Topic, request.Offsets[i].Partition));
        }
        return response;
    }

    private async ValueTask<FetchOffsetsResponse> FetchAsync(FetchOffsetsRequest request, RpcContext context)
    {
        FetchOffsetsResponse response = new();
        List<(TopicDescription Topic, int Partition)>? named = request.Topics.Count == 0 ? null : PartitionsOf(request.Topics);
        Dictionary<TopicPartition, Stored> committed = [];
        foreach (Stored offset in await broker.Groups.FetchOffsetsAsync(
            request.Group, named?.ConvertAll(n => new TopicPartition(n.Topic.Id, n.Partition)), context.Aborted))
        {
            committed.Add(offset.Partition, offset);
        }
        IEnumerable<(TopicDescription? Topic, int Partition)> wanted = named is null
            ? committed.Keys.Select(p => (broker.FindTopic(p.Topic), p.Partition))
            : named.Select(n => ((TopicDescription?)n.Topic, n.Partition));
        foreach ((TopicDescription? topic, int partition) in wanted)
        {
            if (topic is not null)
            {
                Stored? offset = committed.GetValueOrDefault(new TopicPartition(topic.Id, partition));
                response.Offsets.Add(new GroupOffset
                {
                    Topic = topic.Name,
                    Partition = partition,
                    Offset = offset?.Offset ?? -1,
                    LeaderEpoch = offset?.LeaderEpoch ?? -1,
                    Metadata = offset?.Metadata ?? "",
                    CommittedMs = offset?.CommittedAt.ToUnixTimeMilliseconds() ?? 0,
                });
            }
        }
        return response;
    }

    private async ValueTask<DescribeGroupResponse> DescribeAsync(DescribeGroupRequest request, RpcContext context)
    {
        GroupDescription group = await broker.Groups.DescribeAsync(request.Group, context.Aborted);
        if (group.State == State.Dead)
        {
            throw new BrokerException(BrokerErrorCode.GroupNotFound, $"There is no group '{request.Group}'.");
        }
        DescribeGroupResponse response = new()
        {
            Group = group.Group,
            State = StateOf(group.State),
            ProtocolType = group.ProtocolType,
            Protocol = group.Protocol,
            Generation = group.Generation,
            LeaderId = group.LeaderId,
        };
        foreach (Broker.Groups.GroupMember member in group.Members)
        {
            response.Members.Add(Describe(member, group.ProtocolType));
        }
        return response;
    }

    private async ValueTask<ListConsumerGroupsResponse> ListAsync(ListConsumerGroupsRequest request, RpcContext context)
    {
        GroupFilter filter = new()
        {
            States = request.States.Count == 0 ? null : request.States.Select(StateOf).ToHashSet(),
            ProtocolTypes = request.ProtocolTypes.Count == 0 ? null : request.ProtocolTypes.ToHashSet(StringComparer.Ordinal),
        };
        ListConsumerGroupsResponse response = new();
        foreach (GroupListing group in await broker.Groups.ListAsync(filter, context.Aborted))
        {
            response.Groups.Add(new ListConsumerGroupsResponse.Types.Group
            {
                Group_ = group.Group, State = StateOf(group.State), ProtocolType = group.ProtocolType,
            });
        }
        return response;
    }

    private async ValueTask<DeleteGroupResponse> DeleteAsync(DeleteGroupRequest request, RpcContext context)
    {
        BrokerErrorCode outcome = (await broker.Groups.DeleteGroupsAsync([request.Group], context.Aborted))[0];
        return outcome == BrokerErrorCode.None ? new DeleteGroupResponse() : throw new BrokerException(outcome, GroupErrors.MessageOf(outcome));
    }

    private async ValueTask<DeleteOffsetsResponse> DeleteOffsetsAsync(DeleteOffsetsRequest request, RpcContext context)
    {
        List<(TopicDescription Topic, int Partition)> named = PartitionsOf(request.Topics);
        IReadOnlyList<BrokerErrorCode> outcomes = await broker.Groups.DeleteOffsetsAsync(
            request.Group, named.ConvertAll(n => new TopicPartition(n.Topic.Id, n.Partition)), context.Aborted);
        DeleteOffsetsResponse response = new();
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] is BrokerErrorCode.GroupNotFound or BrokerErrorCode.GroupNotEmpty)
            {
                throw new BrokerException(outcomes[i], GroupErrors.MessageOf(outcomes[i]));
            }
            if (outcomes[i] != BrokerErrorCode.None)
            {
                response.Errors.Add(BrokerErrors.Detail(outcomes[i], GroupErrors.MessageOf(outcomes[i]), named[i].Topic.Name, named[i].Partition));
            }
        }
        return response;
    }

    private static Rpc.V1.GroupMember Describe(Broker.Groups.GroupMember member, string protocolType)
    {
        Rpc.V1.GroupMember told = new()
        {
            MemberId = member.MemberId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            Metadata = UnsafeByteOperations.UnsafeWrap(member.Metadata),
            Assignment = UnsafeByteOperations.UnsafeWrap(member.Assignment),
        };
        if (member.InstanceId is { } instance)
        {
            told.InstanceId = instance;
        }
        if (protocolType == ConsumerProtocol.ProtocolType && ConsumerProtocol.ReadAssignment(member.Assignment.Span) is { } assigned)
        {
            foreach ((string topic, List<int> partitions) in assigned)
            {
                told.Assigned.Add(new TopicPartitions { Topic = topic, Partitions = { partitions } });
            }
        }
        return told;
    }

    private List<(TopicDescription Topic, int Partition)> PartitionsOf(IEnumerable<TopicPartitions> topics)
    {
        List<(TopicDescription Topic, int Partition)> partitions = [];
        foreach (TopicPartitions named in topics)
        {
            TopicDescription topic = broker.Require(named.Topic, Guid.Empty);
            foreach (int partition in named.Partitions.Count > 0 ? named.Partitions : Enumerable.Range(0, topic.Partitions))
            {
                if (partition < 0 || partition >= topic.Partitions)
                {
                    throw new BrokerException(BrokerErrorCode.UnknownPartition, $"'{topic.Name}' has no partition {partition}.");
                }
                partitions.Add((topic, partition));
            }
        }
        return partitions;
    }

    private static bool IsOfOnePartition(BrokerErrorCode error) => error is BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition
        or BrokerErrorCode.InvalidRequest or BrokerErrorCode.OffsetMetadataTooLarge;

    private static Rpc.V1.GroupState StateOf(State state) => state switch
    {
        State.Empty => Rpc.V1.GroupState.Empty,
        State.PreparingRebalance => Rpc.V1.GroupState.PreparingRebalance,
        State.CompletingRebalance => Rpc.V1.GroupState.CompletingRebalance,
        State.Stable => Rpc.V1.GroupState.Stable,
        State.Dead => Rpc.V1.GroupState.Unspecified,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state of a group."),
    };

    private static State StateOf(Rpc.V1.GroupState state) => state switch
    {
        Rpc.V1.GroupState.Empty => State.Empty,
        Rpc.V1.GroupState.PreparingRebalance => State.PreparingRebalance,
        Rpc.V1.GroupState.CompletingRebalance => State.CompletingRebalance,
        Rpc.V1.GroupState.Stable => State.Stable,
        _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"states has the value {(int)state}, which this server does not know."),
    };
}
