using System.Text;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;

namespace StreamHouse.Tests.Groups;

public sealed class JoinTests
{
    [Fact]
    public async Task First_member_leads_and_gets_everybodys_subscription()
    {
        await using GroupRig rig = new();

        JoinResult joined = await rig.JoinAsync(metadata: "topics").Soon();

        joined.Error.ShouldBe(BrokerErrorCode.None);
        joined.Generation.ShouldBe(1);
        joined.LeaderId.ShouldBe(joined.MemberId);
        joined.MemberId.ShouldStartWith("client-");
        (joined.ProtocolType, joined.Protocol).ShouldBe(("consumer", "range"));
        Encoding.UTF8.GetString(joined.Members.ShouldHaveSingleItem().Metadata.Span).ShouldBe("topics");
        rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
    }

    [Fact]
    public async Task Second_member_waits_for_the_first_to_join_again()
    {
        await using GroupRig rig = new();
        JoinResult first = (await rig.StableAsync(1))[0];

        Task<JoinResult> second = rig.JoinAsync();
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        rig.Heartbeat(first).ShouldBe(BrokerErrorCode.RebalanceInProgress);
        second.IsCompleted.ShouldBeFalse();

        JoinResult again = await rig.JoinAsync(first.MemberId).Soon();
        JoinResult joined = await second.Soon();
        (again.Generation, joined.Generation).ShouldBe((2, 2));
        again.Members.Select(m => m.MemberId).ShouldBe([first.MemberId, joined.MemberId]);
        joined.Members.ShouldBeEmpty();
        joined.LeaderId.ShouldBe(first.MemberId);
        again.MemberId.ShouldBe(first.MemberId);
    }

    [Fact]
    public async Task Everybody_gets_the_leaders_assignment()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(3);

        Task<SyncResult>[] followers = [rig.SyncAsync(members[1]), rig.SyncAsync(members[2])];
        rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
        SyncResult own = await rig.SyncAsync(members[0]).Soon();
        SyncResult[] others = await Task.WhenAll(followers).Soon();

        Text(own).ShouldBe($"3:{members[0].MemberId}");
        others.Select(Text).ShouldBe([$"3:{members[1].MemberId}", $"3:{members[2].MemberId}"]);
        (others[0].Protocol, others[0].ProtocolType, others[0].Error).ShouldBe(("range", "consumer", BrokerErrorCode.None));
        Text(await rig.SyncAsync(members[2]).Soon()).ShouldBe($"3:{members[2].MemberId}");
    }

    private static string Text(SyncResult result) => Encoding.UTF8.GetString(result.Assignment.Span);
}
