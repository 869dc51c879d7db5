using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Takes the leader's assignment, and gives every member its part.</summary>
internal sealed class SyncGroupHandler(IGroupCoordinator groups) : IKafkaHandler<SyncGroupRequest, SyncGroupResponse>
{
    public async ValueTask<SyncGroupResponse> HandleAsync(SyncGroupRequest request, KafkaCall call)
    {
        SyncResult synced = await groups.SyncAsync(
            new SyncRequest
            {
                Group = request.GroupId,
                Member = new MemberIdentity(request.MemberId, request.GenerationId, request.GroupInstanceId),
                ProtocolType = request.ProtocolType,
                Protocol = request.ProtocolName,
                Assignments = [.. request.Assignments.Select(a => new MemberAssignment(a.MemberId, a.Assignment))],
            },
            call.Client.Closed);
        return new SyncGroupResponse
        {
            ErrorCode = KafkaErrors.OfGroup(synced.Error),
            ProtocolType = synced.ProtocolType,
            ProtocolName = synced.Protocol,
            Assignment = synced.Assignment.ToArray(),
        };
    }

    public SyncGroupResponse Refuse(SyncGroupRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };
}
