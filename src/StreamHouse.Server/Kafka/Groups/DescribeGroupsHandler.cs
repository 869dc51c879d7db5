using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Tells groups' states and members. A group that nobody knows is dead, which is no error.</summary>
internal sealed class DescribeGroupsHandler(IGroupCoordinator groups) : IKafkaHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    public async ValueTask<DescribeGroupsResponse> HandleAsync(DescribeGroupsRequest request, KafkaCall call)
    {
        List<DescribeGroupsResponse.Group> described = [];
        foreach (string group in request.Groups.Distinct())
        {
            described.Add(await DescribeAsync(group, request.IncludeAuthorizedOperations, call));
        }
        return new DescribeGroupsResponse { Groups = [.. described] };
    }

    public DescribeGroupsResponse Refuse(DescribeGroupsRequest request, KafkaErrorCode error, string message) =>
        new() { Groups = [.. request.Groups.Select(g => Failed(g, error))] };

    private static DescribeGroupsResponse.Group Failed(string group, KafkaErrorCode error) =>
        new() { GroupId = group, ErrorCode = error, GroupState = nameof(GroupState.Dead) };

    private async ValueTask<DescribeGroupsResponse.Group> DescribeAsync(string name, bool withOperations, KafkaCall call)
    {
        try
        {
            GroupDescription group = await groups.DescribeAsync(name, call.Client.Closed);
            return new DescribeGroupsResponse.Group
            {
                GroupId = group.Group,
                GroupState = group.State.ToString(),
                ProtocolType = group.ProtocolType,
                ProtocolData = group.Protocol,
                Members = [.. group.Members.Select(Of)],
                AuthorizedOperations = AuthorizedOperations.OnGroup(withOperations),
            };
        }
        catch (BrokerException e)
        {
            return Failed(name, KafkaErrors.OfGroup(e.Code));
        }
    }

    // Kafka writes a slash before addresses, and there are tools that take the first character away.
    private static DescribeGroupsResponse.Member Of(GroupMember member) => new()
    {
        MemberId = member.MemberId,
        GroupInstanceId = member.InstanceId,
        ClientId = member.ClientId,
        ClientHost = $"/{member.ClientHost}",
        MemberMetadata = member.Metadata.ToArray(),
        MemberAssignment = member.Assignment.ToArray(),
    };
}
