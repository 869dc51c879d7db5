using Microsoft.Extensions.Logging;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Tests.Lifecycle;

namespace StreamHouse.Tests.Groups;

public sealed class SessionTests
{
    [Fact]
    public async Task A_silent_member_is_removed_exactly_when_its_session_ends()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        rig.Clock.Advance(TimeSpan.FromSeconds(6));
        rig.Heartbeat(members[0]).ShouldBe(BrokerErrorCode.None);

        rig.Clock.Advance(TimeSpan.FromSeconds(4) - TimeSpan.FromMilliseconds(1));
        rig.Describe().Members.Count.ShouldBe(2);
        rig.Clock.Advance(TimeSpan.FromMilliseconds(1));

        rig.Describe().Members.ShouldHaveSingleItem().MemberId.ShouldBe(members[0].MemberId);
        rig.Heartbeat(members[1]).ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Heartbeat(members[0]).ShouldBe(BrokerErrorCode.RebalanceInProgress);
    }

    [Fact]
    public async Task Heartbeats_keep_a_session_alive_for_ever()
    {
        await using GroupRig rig = new();
        JoinResult member = (await rig.StableAsync(1))[0];
        for (int i = 0; i < 100; i++)
        {
            rig.Clock.Advance(TimeSpan.FromSeconds(9));
            rig.Heartbeat(member).ShouldBe(BrokerErrorCode.None);
        }
    }

    [Fact]
    public async Task A_commit_keeps_a_session_alive_too()
    {
        await using GroupRig rig = new();
        JoinResult member = (await rig.StableAsync(1))[0];
        rig.Clock.Advance(TimeSpan.FromSeconds(9));
        (await rig.CommitAsync(GroupRig.Identity(member), rig.AddTopic("t"))).ShouldBe(BrokerErrorCode.None);
        rig.Clock.Advance(TimeSpan.FromSeconds(9));

        rig.Heartbeat(member).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Waiting_members_need_no_heartbeat()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> waiting = rig.JoinAsync(members[0].MemberId);
        for (int second = 0; second < 50; second += 5)
        {
            rig.Heartbeat(members[1]).ShouldBe(BrokerErrorCode.RebalanceInProgress);
            rig.Clock.Advance(TimeSpan.FromSeconds(5));
        }
        rig.Describe().Members.Count.ShouldBe(2);

        await rig.JoinAsync(members[1].MemberId).Soon();
        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_new_member_nobody_hears_of_is_given_up_after_five_minutes()
    {
        await using GroupRig rig = new();
        JoinResult first = (await rig.Coordinator.JoinAsync(
            GroupRig.Request() with { RebalanceTimeout = TimeSpan.FromMinutes(20), SessionTimeout = TimeSpan.FromMinutes(20) }, default).Soon())!;
        Task<JoinResult> second = rig.JoinAsync();
        rig.Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        rig.Heartbeat(first).ShouldBe(BrokerErrorCode.RebalanceInProgress);
        rig.Describe().Members.Count.ShouldBe(2);

        rig.Clock.Advance(TimeSpan.FromSeconds(1));

        (await second.Soon()).Error.ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Describe().Members.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Members_that_do_not_join_again_in_time_are_left_behind()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(3);
        Task<JoinResult> leader = rig.JoinAsync(members[0].MemberId);
        Task<JoinResult> follower = rig.JoinAsync(members[1].MemberId);
        for (int second = 0; second < 60; second += 5)
        {
            rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
            rig.Heartbeat(members[2]).ShouldBe(BrokerErrorCode.RebalanceInProgress);
            rig.Clock.Advance(TimeSpan.FromSeconds(5));
        }

        (await leader.Soon()).Members.Count.ShouldBe(2);
        (await follower.Soon()).Generation.ShouldBe(4);
        rig.Heartbeat(members[2]).ShouldBe(BrokerErrorCode.UnknownMember);
    }

    [Fact]
    public async Task A_leader_that_does_not_join_again_loses_its_place()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> third = rig.JoinAsync();
        Task<JoinResult> follower = rig.JoinAsync(members[1].MemberId);
        rig.Clock.Advance(GroupRig.RebalanceTimeout);

        JoinResult joined = await follower.Soon();
        joined.LeaderId.ShouldBe(members[1].MemberId);
        joined.Members.Count.ShouldBe(2);
        (await third.Soon()).LeaderId.ShouldBe(members[1].MemberId);
    }

    [Fact]
    public async Task A_leaving_member_begins_a_rebalance_and_the_last_one_leaves_nothing()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);

        rig.Leave(members[0].MemberId).ShouldBe(BrokerErrorCode.None);
        rig.Leave(members[0].MemberId).ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Heartbeat(members[1]).ShouldBe(BrokerErrorCode.RebalanceInProgress);
        JoinResult alone = await rig.JoinAsync(members[1].MemberId).Soon();
        (alone.LeaderId, alone.Generation).ShouldBe((members[1].MemberId, 3));

        rig.Leave(members[1].MemberId).ShouldBe(BrokerErrorCode.None);
        (rig.Coordinator.Table.Count, rig.Coordinator.Table.Watched, rig.Coordinator.Table.MemoryBytes).ShouldBe((0, 0, 0L));
        rig.Describe().State.ShouldBe(GroupState.Empty);
        rig.Describe().ProtocolType.ShouldBe("consumer");
    }

    [Fact]
    public async Task Several_members_leave_at_once_with_an_answer_for_each()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(3);
        JoinResult pending = await rig.Coordinator.JoinAsync(GroupRig.Request() with { RequireMemberId = true }, default).Soon();

        LeaveResult left = await rig.Coordinator.LeaveAsync(
            GroupRig.Group, [new(members[0].MemberId), new("nobody"), new(pending.MemberId), new(members[1].MemberId)], default);

        left.Members.ShouldBe([BrokerErrorCode.None, BrokerErrorCode.UnknownMember, BrokerErrorCode.None, BrokerErrorCode.None]);
        (await rig.JoinAsync(members[2].MemberId).Soon()).Generation.ShouldBe(4);
        (await rig.Coordinator.LeaveAsync("", [new("x")], default)).Error.ShouldBe(BrokerErrorCode.InvalidGroupId);
        (await rig.Coordinator.LeaveAsync("other", [new("x")], default)).Members.ShouldBe([BrokerErrorCode.UnknownMember]);
    }

    [Fact]
    public async Task A_member_that_leaves_while_it_waits_is_answered()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> waiting = rig.JoinAsync(members[0].MemberId);

        rig.Leave(members[0].MemberId);

        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.JoinAsync(members[1].MemberId).Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task Heartbeats_of_others_are_refused()
    {
        await using GroupRig rig = new();
        JoinResult member = (await rig.StableAsync(1))[0];

        rig.Heartbeat(member with { Generation = 0 }).ShouldBe(BrokerErrorCode.IllegalGeneration);
        rig.Heartbeat(member with { Generation = 2 }).ShouldBe(BrokerErrorCode.IllegalGeneration);
        rig.Heartbeat(member with { MemberId = "nobody" }).ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Heartbeat(member, instance: "i").ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.Coordinator.HeartbeatAsync("other", GroupRig.Identity(member), default)).ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Heartbeat(member).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Reason_of_a_member_that_leaves_is_logged()
    {
        LifecycleRig.LogLines lines = new();
        await using GroupRig rig = new(logger: new Logger<GroupCoordinator>(lines));
        JoinResult member = (await rig.StableAsync(1))[0];

        await rig.Coordinator.LeaveAsync(GroupRig.Group, [new LeavingMember(member.MemberId, Reason: "enough" + new string('!', 1000))], default);

        (LogLevel level, string text) = lines.Lines.Single(l => l.Text.Contains("enough"));
        level.ShouldBe(LogLevel.Debug);
        text.ShouldContain(member.MemberId);
        text.Length.ShouldBeLessThan(400);
    }
}
