using System.Text;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;

namespace StreamHouse.Tests.Groups;

public sealed class StaticMemberTests
{
    [Fact]
    public async Task A_restarted_follower_keeps_its_assignment_without_a_rebalance()
    {
        await using GroupRig rig = new();
        (JoinResult leader, JoinResult old) = await StableAsync(rig);

        JoinResult replaced = await rig.JoinAsync(instance: "b").Soon();

        (replaced.Error, replaced.Generation, replaced.SkipAssignment).ShouldBe((BrokerErrorCode.None, 2, false));
        (replaced.LeaderId, replaced.Members.Count).ShouldBe((leader.MemberId, 0));
        replaced.MemberId.ShouldNotBe(old.MemberId);
        replaced.MemberId.ShouldStartWith("b-");
        rig.Describe().State.ShouldBe(GroupState.Stable);
        Text(await rig.SyncAsync(replaced, "b").Soon()).ShouldBe($"2:{old.MemberId}");
        rig.Heartbeat(leader, "a").ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task The_member_that_was_replaced_is_fenced_everywhere()
    {
        await using GroupRig rig = new();
        (_, JoinResult old) = await StableAsync(rig);
        await rig.JoinAsync(instance: "b").Soon();

        rig.Heartbeat(old, "b").ShouldBe(BrokerErrorCode.FencedInstance);
        (await rig.SyncAsync(old, "b").Soon()).Error.ShouldBe(BrokerErrorCode.FencedInstance);
        (await rig.JoinAsync(old.MemberId, "b").Soon()).Error.ShouldBe(BrokerErrorCode.FencedInstance);
        (await rig.CommitAsync(GroupRig.Identity(old, "b"), rig.AddTopic("t"))).ShouldBe(BrokerErrorCode.FencedInstance);
        rig.Leave(old.MemberId, "b").ShouldBe(BrokerErrorCode.FencedInstance);
        rig.Heartbeat(old).ShouldBe(BrokerErrorCode.UnknownMember);
    }

    [Fact]
    public async Task A_restarted_leader_is_told_to_leave_the_assignment_alone()
    {
        await using GroupRig rig = new();
        (JoinResult old, _) = await StableAsync(rig);

        JoinResult replaced = await rig.JoinAsync(instance: "a").Soon();

        (replaced.LeaderId, replaced.SkipAssignment, replaced.Members.Count).ShouldBe((replaced.MemberId, true, 2));
        rig.Describe().State.ShouldBe(GroupState.Stable);
        Text(await rig.Coordinator.SyncAsync(new SyncRequest { Group = GroupRig.Group, Member = GroupRig.Identity(replaced, "a") }, default).Soon())
            .ShouldBe($"2:{old.MemberId}");
    }

    [Fact]
    public async Task A_restarted_leader_that_could_not_understand_that_is_told_that_another_leads()
    {
        await using GroupRig rig = new();
        (JoinResult old, _) = await StableAsync(rig);

        JoinResult replaced = await rig.Coordinator.JoinAsync(GroupRig.Request(instance: "a") with { CanSkipAssignment = false }, default).Soon();

        (replaced.LeaderId, replaced.SkipAssignment, replaced.Members.Count).ShouldBe((old.MemberId, false, 0));
        rig.Describe().State.ShouldBe(GroupState.Stable);
    }

    [Fact]
    public async Task A_restart_with_another_subscription_begins_a_rebalance()
    {
        await using GroupRig rig = new();
        (JoinResult leader, _) = await StableAsync(rig);

        Task<JoinResult> replaced = rig.JoinAsync(instance: "b", metadata: "other");
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        await rig.JoinAsync(leader.MemberId, "a").Soon();

        (await replaced.Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task A_restart_while_assignments_are_awaited_begins_a_rebalance()
    {
        await using GroupRig rig = new();
        (JoinResult leader, JoinResult follower) = await JoinBothAsync(rig);
        Task<SyncResult> waiting = rig.SyncAsync(follower, "b");

        Task<JoinResult> replaced = rig.JoinAsync(instance: "b");

        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.FencedInstance);
        (await rig.SyncAsync(leader, "a").Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        await rig.JoinAsync(leader.MemberId, "a").Soon();
        (await replaced.Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task A_member_replaced_while_it_waits_to_join_is_fenced()
    {
        await using GroupRig rig = new();
        (JoinResult leader, JoinResult follower) = await StableAsync(rig);
        Task<JoinResult> leaderJoins = rig.JoinAsync(leader.MemberId, "a");
        Task<JoinResult> newcomer = rig.JoinAsync();
        Task<JoinResult> replaced = rig.JoinAsync(instance: "a");

        (await leaderJoins.Soon()).Error.ShouldBe(BrokerErrorCode.FencedInstance);
        await rig.JoinAsync(follower.MemberId, "b").Soon();
        (await replaced.Soon()).Members.Count.ShouldBe(3);
        (await newcomer.Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task A_static_member_that_is_away_keeps_its_place_through_a_rebalance_until_its_session_ends()
    {
        await using GroupRig rig = new();
        JoinRequest patient = GroupRig.Request(instance: "b") with { SessionTimeout = TimeSpan.FromMinutes(2) };
        JoinResult leader = await rig.JoinAsync(instance: "a").Soon();
        Task<JoinResult> joining = rig.Coordinator.JoinAsync(patient, default);
        leader = await rig.JoinAsync(leader.MemberId, "a").Soon();
        JoinResult away = await joining.Soon();
        await Task.WhenAll(rig.SyncAsync(leader, "a"), rig.SyncAsync(away, "b")).Soon();

        Task<JoinResult> leaderJoins = rig.JoinAsync(leader.MemberId, "a");
        rig.Clock.Advance(GroupRig.RebalanceTimeout);
        leader = await leaderJoins.Soon();
        leader.Members.Select(m => m.InstanceId).ShouldBe(["a", "b"]);
        (await rig.SyncAsync(leader, "a").Soon()).Error.ShouldBe(BrokerErrorCode.None);

        for (int second = 0; second < 60; second += 5)
        {
            rig.Heartbeat(leader, "a");
            rig.Clock.Advance(TimeSpan.FromSeconds(5));
        }
        rig.Describe().Members.ShouldHaveSingleItem().InstanceId.ShouldBe("a");
    }

    [Fact]
    public async Task An_administrator_removes_a_static_member_by_its_name()
    {
        await using GroupRig rig = new();
        (JoinResult leader, JoinResult follower) = await StableAsync(rig);

        rig.Leave("", "b").ShouldBe(BrokerErrorCode.None);
        rig.Leave("", "b").ShouldBe(BrokerErrorCode.UnknownMember);

        rig.Heartbeat(follower, "b").ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.JoinAsync(leader.MemberId, "a").Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task An_unknown_static_member_with_an_id_is_unknown()
    {
        await using GroupRig rig = new();
        await StableAsync(rig);

        (await rig.JoinAsync("c-1", "c").Soon()).Error.ShouldBe(BrokerErrorCode.UnknownMember);
    }

    private static async Task<(JoinResult A, JoinResult B)> JoinBothAsync(GroupRig rig)
    {
        JoinResult a = await rig.JoinAsync(instance: "a").Soon();
        Task<JoinResult> b = rig.JoinAsync(instance: "b");
        return (await rig.JoinAsync(a.MemberId, "a").Soon(), await b.Soon());
    }

    private static async Task<(JoinResult A, JoinResult B)> StableAsync(GroupRig rig)
    {
        (JoinResult a, JoinResult b) = await JoinBothAsync(rig);
        await Task.WhenAll(rig.SyncAsync(a, "a"), rig.SyncAsync(b, "b")).Soon();
        return (a, b);
    }

    private static string Text(SyncResult result) => Encoding.UTF8.GetString(result.Assignment.Span);
}
