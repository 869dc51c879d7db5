using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Keeps members alive, and tells them when their group rebalances.</summary>
internal sealed class HeartbeatHandler(IGroupCoordinator groups) : IKafkaHandler<HeartbeatRequest, HeartbeatResponse>
{
    public async ValueTask<HeartbeatResponse> HandleAsync(HeartbeatRequest request, KafkaCall call) => new()
    {
        ErrorCode = KafkaErrors.OfGroup(await groups.HeartbeatAsync(
            request.GroupId, new MemberIdentity(request.MemberId, request.GenerationId, request.GroupInstanceId), call.Client.Closed)),
    };

    public HeartbeatResponse Refuse(HeartbeatRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };
}
