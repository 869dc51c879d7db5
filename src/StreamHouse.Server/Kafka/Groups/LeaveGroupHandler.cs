using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Lets members go: one up to version 2, several from 3.</summary>
internal sealed class LeaveGroupHandler(IGroupCoordinator groups) : IKafkaHandler<LeaveGroupRequest, LeaveGroupResponse>
{
    private const short SeveralVersion = 3;

    public async ValueTask<LeaveGroupResponse> HandleAsync(LeaveGroupRequest request, KafkaCall call)
    {
        bool several = call.Version >= SeveralVersion;
        IReadOnlyList<LeavingMember> leaving = several
            ? [.. request.Members.Select(m => new LeavingMember(m.MemberId, m.GroupInstanceId, m.Reason))]
            : [new LeavingMember(request.MemberId)];
        LeaveResult left = await groups.LeaveAsync(request.GroupId, leaving, call.Client.Closed);
        if (left.Error != BrokerErrorCode.None)
        {
            return new LeaveGroupResponse { ErrorCode = KafkaErrors.OfGroup(left.Error) };
        }
        if (!several)
        {
            return new LeaveGroupResponse { ErrorCode = KafkaErrors.OfGroup(left.Members[0]) };
        }
        return new LeaveGroupResponse
        {
            Members = [.. request.Members.Select((m, i) => new LeaveGroupResponse.Member
            {
                MemberId = m.MemberId, GroupInstanceId = m.GroupInstanceId, ErrorCode = KafkaErrors.OfGroup(left.Members[i]),
            })],
        };
    }

    public LeaveGroupResponse Refuse(LeaveGroupRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };
}
