using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Deletes groups without members, offsets included.</summary>
internal sealed class DeleteGroupsHandler(IGroupCoordinator groups, TimeProvider clock) : IKafkaHandler<DeleteGroupsRequest, DeleteGroupsResponse>
{
    // Who waits as long as a session lasts, and then deletes, must not be told of a member that is gone but for the timer, some ms late.
    private static readonly TimeSpan SessionSlack = TimeSpan.FromMilliseconds(20);

    public async ValueTask<DeleteGroupsResponse> HandleAsync(DeleteGroupsRequest request, KafkaCall call)
    {
        string[] names = [.. request.GroupsNames.Distinct()];
        BrokerErrorCode[] outcomes = [.. await groups.DeleteGroupsAsync(names, call.Client.Closed)];
        if (outcomes.Contains(BrokerErrorCode.GroupNotEmpty))
        {
            await Task.Delay(SessionSlack, clock, call.Client.Closed);
            await DeleteAgainAsync(names, outcomes, call.Client.Closed);
        }
        return new DeleteGroupsResponse
        {
            Results = [.. names.Select((g, i) => new DeleteGroupsResponse.Result { GroupId = g, ErrorCode = KafkaErrors.OfGroup(outcomes[i]) })],
        };
    }

    public DeleteGroupsResponse Refuse(DeleteGroupsRequest request, KafkaErrorCode error, string message) =>
        new() { Results = [.. request.GroupsNames.Select(g => new DeleteGroupsResponse.Result { GroupId = g, ErrorCode = error })] };

    private async Task DeleteAgainAsync(string[] names, BrokerErrorCode[] outcomes, CancellationToken ct)
    {
        int[] kept = [.. Enumerable.Range(0, names.Length).Where(i => outcomes[i] == BrokerErrorCode.GroupNotEmpty)];
        IReadOnlyList<BrokerErrorCode> again = await groups.DeleteGroupsAsync([.. kept.Select(i => names[i])], ct);
        for (int i = 0; i < kept.Length; i++)
        {
            outcomes[kept[i]] = again[i];
        }
    }
}
