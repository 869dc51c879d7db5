using StreamHouse.Client.Groups;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Administration;

/// <summary>Between the messages about consumer groups and the client's own types.</summary>
internal static class GroupConversions
{
    public static ConsumerGroupInfo ToInfo(ListConsumerGroupsResponse.Types.Group group) => new(group.Group_, ToState(group.State), group.ProtocolType);

    public static ConsumerGroupDetails ToDetails(DescribeGroupResponse group) => new(
        group.Group,
        ToState(group.State),
        group.ProtocolType,
        group.Protocol,
        group.Generation,
        group.LeaderId,
        [.. group.Members.Select(member => new ConsumerGroupMember(
            member.MemberId,
            member.HasInstanceId ? member.InstanceId : null,
            member.ClientId,
            member.ClientHost,
            [.. member.Assigned.SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition))).Order()])
        {
            Subscribed = group.ProtocolType == ConsumerProtocol.ProtocolType ? ConsumerProtocol.ReadSubscription(member.Metadata.Span)?.Topics ?? [] : [],
        })]);

    private static ConsumerGroupState ToState(GroupState state) => state switch
    {
        GroupState.Empty => ConsumerGroupState.Empty,
        GroupState.PreparingRebalance => ConsumerGroupState.PreparingRebalance,
        GroupState.CompletingRebalance => ConsumerGroupState.CompletingRebalance,
        GroupState.Stable => ConsumerGroupState.Stable,
        _ => ConsumerGroupState.Unknown,
    };
}
