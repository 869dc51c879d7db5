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
    public async Task New_member_is_told_its_id_first_when_the_caller_wishes()
    {
        await using GroupRig rig = new();
        JoinRequest request = GroupRig.Request() with { RequireMemberId = true };

        JoinResult told = await rig.Coordinator.JoinAsync(request, default).Soon();
        told.Error.ShouldBe(BrokerErrorCode.MemberIdRequired);
        rig.Coordinator.Table.Count.ShouldBe(1);
        JoinResult joined = await rig.Coordinator.JoinAsync(request with { MemberId = told.MemberId }, default).Soon();

        (joined.Error, joined.MemberId, joined.Generation).ShouldBe((BrokerErrorCode.None, told.MemberId, 1));
    }

    [Fact]
    public async Task An_id_that_nobody_comes_back_with_is_forgotten_after_the_session_timeout()
    {
        await using GroupRig rig = new();
        JoinRequest request = GroupRig.Request() with { RequireMemberId = true };
        JoinResult told = await rig.Coordinator.JoinAsync(request, default).Soon();

        rig.Clock.Advance(GroupRig.Session - TimeSpan.FromMilliseconds(1));
        rig.Coordinator.Table.Count.ShouldBe(1);
        rig.Clock.Advance(TimeSpan.FromMilliseconds(1));

        rig.Coordinator.Table.Count.ShouldBe(0);
        (await rig.JoinAsync(told.MemberId).Soon()).Error.ShouldBe(BrokerErrorCode.UnknownMember);
    }

    [Fact]
    public async Task An_id_that_nobody_comes_back_with_is_forgotten_within_a_minute_whatever_the_session_timeout()
    {
        await using GroupRig rig = new(new GroupOptions { GroupsMax = 1 });
        JoinRequest request = GroupRig.Request() with { RequireMemberId = true, SessionTimeout = TimeSpan.FromMinutes(30) };
        await rig.Coordinator.JoinAsync(request, default).Soon();
        rig.Coordinator.Table.Count.ShouldBe(1);
        rig.Coordinator.Table.MemoryBytes.ShouldBeGreaterThan(0);

        rig.Clock.Advance(TimeSpan.FromMinutes(1));

        rig.Coordinator.Table.Count.ShouldBe(0);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(0);
    }

    [Fact]
    public async Task Ids_that_were_told_are_charged_until_somebody_joins_with_them_or_leaves()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, MemoryBytesMax = 65_536 });
        List<string> told = [];
        for (int i = 0; i < 20; i++)
        {
            told.Add((await rig.Coordinator.JoinAsync(GroupRig.Request() with { RequireMemberId = true }, default).Soon()).MemberId);
        }
        rig.Coordinator.Table.MemoryBytes.ShouldBeGreaterThan(20 * 256);

        // The ids leave no room for a member that large: it keeps its id and tries again.
        string large = new('x', 60_000);
        (await rig.JoinAsync(told[0], metadata: large).Soon()).Error.ShouldBe(BrokerErrorCode.Overloaded);
        foreach (string id in told.Skip(1))
        {
            rig.Leave(id).ShouldBe(BrokerErrorCode.None);
        }
        JoinResult joined = await rig.JoinAsync(told[0], metadata: large).Soon();
        (joined.Error, joined.MemberId).ShouldBe((BrokerErrorCode.None, told[0]));
        rig.Leave(told[0]);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(0);
    }

    [Fact]
    public async Task No_id_is_told_when_members_use_all_the_memory()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, MemoryBytesMax = 65_536 });
        JoinResult member = await rig.JoinAsync(metadata: new string('x', 62_000)).Soon();
        member.Error.ShouldBe(BrokerErrorCode.None);
        JoinRequest request = GroupRig.Request() with { RequireMemberId = true };
        JoinResult last;
        int told = 0;
        while ((last = await rig.Coordinator.JoinAsync(request, default).Soon()).Error == BrokerErrorCode.MemberIdRequired)
        {
            (++told).ShouldBeLessThan(16);
        }

        last.Error.ShouldBe(BrokerErrorCode.Overloaded);

        rig.Leave(member.MemberId);
        rig.Clock.Advance(GroupRig.Session);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(0);
    }

    [Fact]
    public async Task A_pending_member_holds_the_rebalance_until_it_joins_or_is_given_up()
    {
        await using GroupRig rig = new();
        JoinResult first = (await rig.StableAsync(1))[0];
        await rig.Coordinator.JoinAsync(GroupRig.Request() with { RequireMemberId = true }, default).Soon();
        rig.Heartbeat(first).ShouldBe(BrokerErrorCode.None);

        Task<JoinResult> again = rig.JoinAsync(first.MemberId);
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        rig.Clock.Advance(GroupRig.Session);

        (await again.Soon()).Generation.ShouldBe(2);
    }

    [Fact]
    public async Task A_lost_answer_is_told_again()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);

        JoinResult leader = await rig.JoinAsync(members[0].MemberId).Soon();
        JoinResult follower = await rig.JoinAsync(members[1].MemberId).Soon();

        (leader.Generation, follower.Generation).ShouldBe((2, 2));
        leader.Members.Count.ShouldBe(2);
        follower.Members.ShouldBeEmpty();
        rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
    }

    [Fact]
    public async Task In_a_stable_group_a_follower_repeats_itself_and_a_leader_asks_for_more()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);

        (await rig.JoinAsync(members[1].MemberId).Soon()).Generation.ShouldBe(2);
        rig.Describe().State.ShouldBe(GroupState.Stable);
        Task<JoinResult> leader = rig.JoinAsync(members[0].MemberId);
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        await rig.JoinAsync(members[1].MemberId).Soon();
        (await leader.Soon()).Generation.ShouldBe(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_changed_subscription_begins_a_rebalance(bool stable)
    {
        await using GroupRig rig = new();
        JoinResult[] members = stable ? await rig.StableAsync(2) : await rig.JoinTogetherAsync(2);

        Task<JoinResult> changed = rig.JoinAsync(members[1].MemberId, metadata: "other");
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        JoinResult leader = await rig.JoinAsync(members[0].MemberId).Soon();

        leader.Members.Select(m => Encoding.UTF8.GetString(m.Metadata.Span)).ShouldBe(["m", "other"]);
        (await changed.Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task Members_choose_what_all_support_and_most_prefer()
    {
        await using GroupRig rig = new();
        Task<JoinResult>[] joining = [rig.JoinAsync(protocols: "a,b,c")];
        string first = (await joining[0].Soon()).MemberId;
        joining = [rig.JoinAsync(protocols: "c,b"), rig.JoinAsync(protocols: "x,c,b"), rig.JoinAsync(first, protocols: "b,c")];

        JoinResult[] joined = await Task.WhenAll(joining).Soon();

        joined.ShouldAllBe(j => j.Protocol == "c");
    }

    [Theory]
    [InlineData("sticky", "consumer", BrokerErrorCode.InconsistentGroupProtocol)]
    [InlineData("range", "connect", BrokerErrorCode.InconsistentGroupProtocol)]
    [InlineData("range", "", BrokerErrorCode.InconsistentGroupProtocol)]
    public async Task A_member_that_does_not_fit_is_refused_and_disturbs_nobody(string protocol, string type, BrokerErrorCode expected)
    {
        await using GroupRig rig = new();
        JoinResult member = (await rig.StableAsync(1))[0];

        JoinResult refused = await rig.Coordinator.JoinAsync(GroupRig.Request(protocols: protocol) with { ProtocolType = type }, default).Soon();

        refused.Error.ShouldBe(expected);
        rig.Heartbeat(member).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Requests_out_of_range_are_refused()
    {
        await using GroupRig rig = new();

        (await ErrorAsync(GroupRig.Request() with { Group = "" })).ShouldBe(BrokerErrorCode.InvalidGroupId);
        (await ErrorAsync(GroupRig.Request() with { Group = new string('g', 250) })).ShouldBe(BrokerErrorCode.InvalidGroupId);
        (await ErrorAsync(GroupRig.Request() with { SessionTimeout = TimeSpan.FromSeconds(5.9) })).ShouldBe(BrokerErrorCode.InvalidSessionTimeout);
        (await ErrorAsync(GroupRig.Request() with { SessionTimeout = TimeSpan.FromMinutes(31) })).ShouldBe(BrokerErrorCode.InvalidSessionTimeout);
        (await ErrorAsync(GroupRig.Request() with { RebalanceTimeout = TimeSpan.Zero })).ShouldBe(BrokerErrorCode.InvalidRequest);
        (await ErrorAsync(GroupRig.Request() with { Protocols = [] })).ShouldBe(BrokerErrorCode.InconsistentGroupProtocol);
        (await ErrorAsync(GroupRig.Request(instance: ""))).ShouldBe(BrokerErrorCode.InvalidRequest);
        (await ErrorAsync(GroupRig.Request("nobody"))).ShouldBe(BrokerErrorCode.UnknownMember);
        rig.Coordinator.Table.Count.ShouldBe(0);

        async Task<BrokerErrorCode> ErrorAsync(JoinRequest request) => (await rig.Coordinator.JoinAsync(request, default).Soon()).Error;
    }

    [Fact]
    public async Task A_full_group_refuses_new_members_and_keeps_its_own()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, MembersMax = 2 });
        JoinResult[] members = await rig.StableAsync(2);

        (await rig.JoinAsync().Soon()).Error.ShouldBe(BrokerErrorCode.GroupFull);
        (await rig.Coordinator.JoinAsync(GroupRig.Request() with { RequireMemberId = true }, default).Soon()).Error.ShouldBe(BrokerErrorCode.GroupFull);
        (await rig.JoinAsync(members[1].MemberId).Soon()).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Memory_of_all_members_is_bounded_and_given_back()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, MemoryBytesMax = 65_536 });
        JoinResult member = (await rig.StableAsync(1))[0];
        long before = rig.Coordinator.Table.MemoryBytes;
        before.ShouldBeGreaterThan(0);

        (await rig.JoinAsync(metadata: new string('x', 70_000)).Soon()).Error.ShouldBe(BrokerErrorCode.Overloaded);
        (await rig.JoinAsync(member.MemberId, metadata: new string('x', 70_000)).Soon()).Error.ShouldBe(BrokerErrorCode.Overloaded);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(before);
        rig.Heartbeat(member).ShouldBe(BrokerErrorCode.None);

        JoinResult grown = await rig.JoinAsync(member.MemberId, metadata: new string('x', 30_000)).Soon();
        rig.Coordinator.Table.MemoryBytes.ShouldBeGreaterThan(before + 29_000);
        SyncResult refused = await rig.Coordinator.SyncAsync(
            new SyncRequest { Group = GroupRig.Group, Member = GroupRig.Identity(grown), Assignments = [new(grown.MemberId, new byte[50_000])] }, default).Soon();
        refused.Error.ShouldBe(BrokerErrorCode.Overloaded);

        rig.Leave(member.MemberId);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(0);
    }

    [Fact]
    public async Task Groups_are_bounded()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, GroupsMax = 1 });
        JoinResult member = await rig.JoinAsync().Soon();

        (await rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "other" }, default).Soon()).Error.ShouldBe(BrokerErrorCode.Overloaded);
        rig.Leave(member.MemberId);
        (await rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "other" }, default).Soon()).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task The_first_generation_waits_for_those_who_start_together()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.FromMilliseconds(50) });
        Task<JoinResult> first = rig.JoinAsync();
        rig.Clock.Advance(TimeSpan.FromMilliseconds(40));
        Task<JoinResult> second = rig.JoinAsync();
        rig.Clock.Advance(TimeSpan.FromMilliseconds(40));
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        rig.Clock.Advance(TimeSpan.FromMilliseconds(10));

        JoinResult[] joined = await Task.WhenAll(first, second).Soon();

        joined.ShouldAllBe(j => j.Generation == 1);
        joined[0].Members.Count.ShouldBe(2);
        Task<JoinResult> third = rig.JoinAsync();
        await Task.WhenAll(joined.Select(j => rig.JoinAsync(j.MemberId))).Soon();
        (await third.Soon()).Generation.ShouldBe(2);
    }

    [Fact]
    public async Task The_first_generation_does_not_wait_for_ever()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.FromSeconds(50) });
        Task<JoinResult> first = rig.JoinAsync();
        rig.Clock.Advance(TimeSpan.FromSeconds(40));
        Task<JoinResult> second = rig.JoinAsync();
        rig.Clock.Advance(TimeSpan.FromSeconds(20));

        (await first.Soon()).Generation.ShouldBe(1);
        (await second.Soon()).Generation.ShouldBe(1);
    }

    [Fact]
    public async Task A_caller_that_goes_away_unheard_leaves_no_member_behind()
    {
        await using GroupRig rig = new();
        JoinResult first = (await rig.StableAsync(1))[0];
        using CancellationTokenSource gone = new();
        Task<JoinResult> second = rig.JoinAsync(ct: gone.Token);
        rig.Describe().Members.Count.ShouldBe(2);

        gone.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => second);
        rig.Describe().Members.ShouldHaveSingleItem().MemberId.ShouldBe(first.MemberId);
        (await rig.JoinAsync(first.MemberId).Soon()).Generation.ShouldBe(2);
    }

    [Fact]
    public async Task A_group_goes_with_the_only_caller_that_would_have_joined()
    {
        await using GroupRig rig = new(new GroupOptions { GroupsMax = 1 });
        using CancellationTokenSource gone = new();
        Task<JoinResult> only = rig.JoinAsync(ct: gone.Token);
        rig.Coordinator.Table.Count.ShouldBe(1);

        gone.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => only);
        rig.Coordinator.Table.Count.ShouldBe(0);
        rig.Coordinator.Table.Watched.ShouldBe(0);
        rig.Coordinator.Table.MemoryBytes.ShouldBe(0);
        Task<JoinResult> other = rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "other" }, default);
        rig.Clock.Advance(TimeSpan.FromSeconds(1));
        (await other.Soon()).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_member_whose_connection_broke_while_it_waited_may_come_back()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> third = rig.JoinAsync();
        using CancellationTokenSource gone = new();
        Task<JoinResult> broken = rig.JoinAsync(members[1].MemberId, ct: gone.Token);
        gone.Cancel();
        await Should.ThrowAsync<OperationCanceledException>(() => broken);

        Task<JoinResult> leader = rig.JoinAsync(members[0].MemberId);
        rig.Describe().State.ShouldBe(GroupState.PreparingRebalance);
        JoinResult back = await rig.JoinAsync(members[1].MemberId).Soon();

        (back.Generation, (await leader.Soon()).Generation, (await third.Soon()).Generation).ShouldBe((3, 3, 3));
        back.MemberId.ShouldBe(members[1].MemberId);
    }

    [Fact]
    public async Task A_second_call_for_a_waiting_member_replaces_the_first()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> once = rig.JoinAsync(members[0].MemberId);
        Task<JoinResult> twice = rig.JoinAsync(members[0].MemberId);

        (await once.Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        await rig.JoinAsync(members[1].MemberId).Soon();
        (await twice.Soon()).Generation.ShouldBe(3);
    }
}
