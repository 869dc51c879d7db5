using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Deletes groups without members, offsets included.</summary>
internal sealed class DeleteGroupsHandler(IGroupCoordinator groups) : IKafkaHandler<DeleteGroupsRequest, DeleteGroupsResponse>
{
    public async ValueTask<DeleteGroupsResponse> HandleAsync(DeleteGroupsRequest request, KafkaCall call)
    {
        string[] names = [.. request.GroupsNames.Distinct()];
        IReadOnlyList<BrokerErrorCode> outcomes = await groups.DeleteGroupsAsync(names, call.Client.Closed);
        return new DeleteGroupsResponse
        {
            Results = [.. names.Select((g, i) => new DeleteGroupsResponse.Result { GroupId = g, ErrorCode = KafkaErrors.OfGroup(outcomes[i]) })],
        };
    }

    public DeleteGroupsResponse Refuse(DeleteGroupsRequest request, KafkaErrorCode error, string message) =>
        new() { Results = [.. request.GroupsNames.Select(g => new DeleteGroupsResponse.Result { GroupId = g, ErrorCode = error })] };
}
