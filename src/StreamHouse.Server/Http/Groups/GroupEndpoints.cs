using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Groups;

/// <summary>Consumer groups: who is in them, how far behind they are, and their end.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this RouteGroupBuilder api)
    {
        api.MapGet("/groups", ListAsync).WithSummary("Lists the groups that have members or committed offsets, all or those in a state.").Produces<GroupList>();
        api.MapGet("/groups/{group}", DescribeAsync).WithSummary("A group's state and members.").Produces<GroupDetails>();
        api.MapDelete("/groups/{group}", DeleteAsync).WithSummary("Deletes a group without members, offsets included.")
            .Produces(StatusCodes.Status204NoContent);
        api.MapGet("/groups/{group}/lag", LagAsync).WithSummary("How far a group is behind, in all topics or in one.").Produces<GroupLag>();
        api.MapGroupOffsets();
    }

    private static async Task<IResult> ListAsync(string? state, string? protocolType, IBroker broker, CancellationToken ct)
    {
        GroupFilter filter = new()
        {
            States = state is null ? null : new HashSet<GroupState> { StateOf(state) },
            ProtocolTypes = protocolType is null ? null : new HashSet<string>(StringComparer.Ordinal) { protocolType },
        };
        IReadOnlyList<GroupListing> groups = await broker.Groups.ListAsync(filter, ct);
        return Results.Json(
            new GroupList([.. groups.Select(g => new GroupSummary(g.Group, g.State.ToString(), g.ProtocolType))]), HttpJson.Default.GroupList);
    }

    private static async Task<IResult> DescribeAsync(string group, IBroker broker, CancellationToken ct)
    {
        GroupDescription found = await RequireAsync(broker, group, ct);
        return Results.Json(
            new GroupDetails(
                found.Group, found.State.ToString(), found.ProtocolType, found.Protocol, found.Generation, found.LeaderId,
                [.. found.Members.Select(m => new MemberDetails(m.MemberId, m.InstanceId, m.ClientId, m.ClientHost, AssignmentOf(m, found.ProtocolType)))]),
            HttpJson.Default.GroupDetails);
    }

    private static async Task<IResult> DeleteAsync(string group, IBroker broker, CancellationToken ct)
    {
        BrokerErrorCode outcome = (await broker.Groups.DeleteGroupsAsync([group], ct))[0];
        return outcome == BrokerErrorCode.None ? Results.NoContent() : throw new BrokerException(outcome, GroupErrors.MessageOf(outcome));
    }

    private static async Task<IResult> LagAsync(string group, string? topic, IBroker broker, CancellationToken ct)
    {
        TopicId? only = topic is null ? null : broker.RequireTopic(topic).Id;
        GroupDescription found = await RequireAsync(broker, group, ct);
        SortedDictionary<(string Topic, int Partition), (long? Committed, string? MemberId)> known = [];
        foreach (GroupMember member in found.Members)
        {
            foreach (AssignedPartitions assigned in AssignmentOf(member, found.ProtocolType) ?? [])
            {
                foreach (int partition in assigned.Partitions)
                {
                    known[(assigned.Topic, partition)] = (null, member.MemberId);
                }
            }
        }
        foreach (GroupOffset offset in await broker.Groups.FetchOffsetsAsync(group, null, ct))
        {
            if (broker.FindTopic(offset.Partition.Topic) is { } committedTopic)
            {
                (string, int) key = (committedTopic.Name, offset.Partition.Partition);
                known[key] = (offset.Offset, known.GetValueOrDefault(key).MemberId);
            }
        }
        return Results.Json(LagOf(group, only, known, broker), HttpJson.Default.GroupLag);
    }

    private static GroupLag LagOf(
        string group, TopicId? only, SortedDictionary<(string Topic, int Partition), (long? Committed, string? MemberId)> known, IBroker broker)
    {
        List<PartitionLag> partitions = [];
        Dictionary<TopicId, IReadOnlyList<PartitionStatus>> states = [];
        foreach (((string topicName, int partition), (long? committed, string? memberId)) in known)
        {
            if (broker.FindTopic(topicName) is not { } topic || partition >= topic.Partitions || (only is { } one && one != topic.Id))
            {
                continue;
            }
            if (!states.TryGetValue(topic.Id, out IReadOnlyList<PartitionStatus>? ofTopic))
            {
                states.Add(topic.Id, ofTopic = broker.DescribePartitions(topic.Id));
            }
            long end = ofTopic[partition].HighWatermark;

            // An offset above the end was committed by hand; nothing is behind it.
            partitions.Add(new PartitionLag(topicName, partition, committed, end, committed is { } at ? Math.Max(0, end - at) : null, memberId));
        }
        return new GroupLag(group, partitions.Sum(p => p.Lag ?? 0), partitions);
    }

    private static async Task<GroupDescription> RequireAsync(IBroker broker, string group, CancellationToken ct)
    {
        GroupDescription found = await broker.Groups.DescribeAsync(group, ct);
        return found.State != GroupState.Dead ? found : throw new BrokerException(BrokerErrorCode.GroupNotFound, $"There is no group '{group}'.");
    }

    private static List<AssignedPartitions>? AssignmentOf(GroupMember member, string protocolType) =>
        protocolType == ConsumerProtocol.ProtocolType
            ? ConsumerProtocol.ReadAssignment(member.Assignment.Span)?.ConvertAll(a => new AssignedPartitions(a.Topic, a.Partitions))
            : null;

    private static GroupState StateOf(string state) =>
        Enum.TryParse(state, ignoreCase: true, out GroupState parsed) && Enum.IsDefined(parsed) && !char.IsAsciiDigit(state[0])
            ? parsed
            : throw Arguments.Invalid($"'state' is '{state}'; it must be {string.Join(", ", Enum.GetNames<GroupState>())}.");
}
