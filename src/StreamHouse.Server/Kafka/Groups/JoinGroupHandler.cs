using System.Net;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Lets members into a group; answered once the generation is decided.</summary>
internal sealed class JoinGroupHandler(IGroupCoordinator groups) : IKafkaHandler<JoinGroupRequest, JoinGroupResponse>
{
    // From this version on clients know that a new member is first told its id.
    private const short MemberIdVersion = 4;

    // From this version on a leader can be told to leave the assignment alone (KIP-814).
    private const short SkipAssignmentVersion = 9;

    public async ValueTask<JoinGroupResponse> HandleAsync(JoinGroupRequest request, KafkaCall call)
    {
        int rebalanceTimeoutMs = request.RebalanceTimeoutMs > 0 ? request.RebalanceTimeoutMs : Math.Max(1, request.SessionTimeoutMs);
        JoinResult joined = await groups.JoinAsync(
            new JoinRequest
            {
                Group = request.GroupId,
                MemberId = request.MemberId,
                InstanceId = request.GroupInstanceId,
                RequireMemberId = call.Version >= MemberIdVersion,
                CanSkipAssignment = call.Version >= SkipAssignmentVersion,
                ClientId = call.ClientId ?? "",
                ClientHost = HostOf(call.Client.Remote),
                SessionTimeout = TimeSpan.FromMilliseconds(request.SessionTimeoutMs),
                RebalanceTimeout = TimeSpan.FromMilliseconds(rebalanceTimeoutMs),
                ProtocolType = request.ProtocolType,
                Protocols = [.. request.Protocols.Select(p => new GroupProtocol(p.Name, p.Metadata))],
            },
            call.Client.Closed);
        return new JoinGroupResponse
        {
            ErrorCode = KafkaErrors.OfGroup(joined.Error),
            GenerationId = joined.Generation,
            ProtocolType = joined.ProtocolType,
            ProtocolName = joined.Protocol,
            Leader = joined.LeaderId,
            SkipAssignment = joined.SkipAssignment,
            MemberId = joined.MemberId,
            Members = [.. joined.Members.Select(m => new JoinGroupResponse.Member
            {
                MemberId = m.MemberId, GroupInstanceId = m.InstanceId, Metadata = m.Metadata.ToArray(),
            })],
        };
    }

    public JoinGroupResponse Refuse(JoinGroupRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error, MemberId = request.MemberId };

    private static string HostOf(IPEndPoint remote) => (remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address).ToString();
}
