using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Groups;

/// <summary>Lists groups. All follow the classic group protocol.</summary>
internal sealed class ListGroupsHandler(IGroupCoordinator groups) : IKafkaHandler<ListGroupsRequest, ListGroupsResponse>
{
    private const string Classic = "classic";

    public async ValueTask<ListGroupsResponse> HandleAsync(ListGroupsRequest request, KafkaCall call)
    {
        if (request.TypesFilter.Length > 0 && !request.TypesFilter.Contains(Classic, StringComparer.OrdinalIgnoreCase))
        {
            return new ListGroupsResponse();
        }
        IReadOnlyList<GroupListing> listed = await groups.ListAsync(new GroupFilter { States = StatesOf(request) }, call.Client.Closed);
        return new ListGroupsResponse
        {
            Groups = [.. listed.Select(g => new ListGroupsResponse.Group
            {
                GroupId = g.Group, ProtocolType = g.ProtocolType, GroupState = g.State.ToString(), GroupType = Classic,
            })],
        };
    }

    public ListGroupsResponse Refuse(ListGroupsRequest request, KafkaErrorCode error, string message) => new() { ErrorCode = error };

    // States that there are not allow no group, as in Kafka.
    private static HashSet<GroupState>? StatesOf(ListGroupsRequest request) => request.StatesFilter.Length == 0 ? null :
        [.. Enum.GetValues<GroupState>().Where(s => request.StatesFilter.Contains(s.ToString(), StringComparer.OrdinalIgnoreCase))];
}
