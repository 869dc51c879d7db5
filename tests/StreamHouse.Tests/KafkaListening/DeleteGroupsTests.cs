using System.Net;
using System.Reflection;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Groups;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>Groups that are deleted at the moment at which the session of their last member ends.</summary>
public sealed class DeleteGroupsTests
{
    [Fact]
    public async Task Group_whose_last_session_ends_at_this_moment_is_deleted_and_one_with_members_is_not()
    {
        IGroupCoordinator groups = DispatchProxy.Create<IGroupCoordinator, LateTimers>();
        IPEndPoint address = new(IPAddress.Loopback, 9092);
        using KafkaClient client = new(ListenerRig.Loopback("internal"), address, address);

        DeleteGroupsResponse response = await new DeleteGroupsHandler(groups, TimeProvider.System).HandleAsync(
            new DeleteGroupsRequest { GroupsNames = ["gone", "expiring", "used"] }, new KafkaCall(client, 2, "test"));

        response.Results.Select(r => (r.GroupId, r.ErrorCode)).ShouldBe(
            [("gone", KafkaErrorCode.None), ("expiring", KafkaErrorCode.None), ("used", KafkaErrorCode.NonEmptyGroup)]);
        ((LateTimers)(object)groups).Asked.ShouldBe(["gone,expiring,used", "expiring,used"]);
    }

    /// <summary>A coordinator that notices the end of a session after it was asked for the first time.</summary>
    public class LateTimers : DispatchProxy
    {
        public List<string> Asked { get; } = [];

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            targetMethod!.Name.ShouldBe(nameof(IGroupCoordinator.DeleteGroupsAsync));
            var names = (IEnumerable<string>)args![0]!;
            Asked.Add(string.Join(',', names));
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(
            [
                .. names.Select(g => g == "used" || (g == "expiring" && Asked.Count == 1) ? BrokerErrorCode.GroupNotEmpty : BrokerErrorCode.None),
            ]);
        }
    }
}
