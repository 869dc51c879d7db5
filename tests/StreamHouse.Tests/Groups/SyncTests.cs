using System.Text;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Tests.Groups;

public sealed class SyncTests
{
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

    [Fact]
    public async Task A_large_assignment_comes_back_whole_and_a_missing_one_is_empty()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(3);
        byte[] large = new byte[3_000_000];
        new Random(7).NextBytes(large);
        byte[] reused = [.. large];
        Task<SyncResult> leader = rig.Coordinator.SyncAsync(
            new SyncRequest
            {
                Group = GroupRig.Group,
                Member = GroupRig.Identity(members[0]),
                Assignments = [new(members[1].MemberId, reused), new("nobody", new byte[9])],
            },
            default);
        Array.Clear(reused);

        (await leader.Soon()).Assignment.Length.ShouldBe(0);
        (await rig.SyncAsync(members[1]).Soon()).Assignment.ToArray().ShouldBe(large);
        (await rig.SyncAsync(members[2]).Soon()).Assignment.Length.ShouldBe(0);
    }

    [Fact]
    public async Task What_does_not_fit_the_generation_is_refused()
    {
        await using GroupRig rig = new();
        JoinResult member = await rig.JoinAsync().Soon();
        SyncRequest request = new() { Group = GroupRig.Group, Member = GroupRig.Identity(member) };

        (await ErrorAsync(request with { Group = "other" })).ShouldBe(BrokerErrorCode.UnknownMember);
        (await ErrorAsync(request with { Member = new("nobody", 1) })).ShouldBe(BrokerErrorCode.UnknownMember);
        (await ErrorAsync(request with { Member = new(member.MemberId, 2) })).ShouldBe(BrokerErrorCode.IllegalGeneration);
        (await ErrorAsync(request with { Member = new(member.MemberId, 1, "instance") })).ShouldBe(BrokerErrorCode.UnknownMember);
        (await ErrorAsync(request with { Protocol = "sticky" })).ShouldBe(BrokerErrorCode.InconsistentGroupProtocol);
        (await ErrorAsync(request with { ProtocolType = "connect" })).ShouldBe(BrokerErrorCode.InconsistentGroupProtocol);
        (await ErrorAsync(request with { ProtocolType = "consumer", Protocol = "range" })).ShouldBe(BrokerErrorCode.None);

        async Task<BrokerErrorCode> ErrorAsync(SyncRequest wanted) => (await rig.Coordinator.SyncAsync(wanted, default).Soon()).Error;
    }

    [Fact]
    public async Task A_rebalance_sends_those_who_wait_for_assignments_back()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        Task<SyncResult> waiting = rig.SyncAsync(members[1]);

        Task<JoinResult> third = rig.JoinAsync();

        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        (await rig.SyncAsync(members[0]).Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        await Task.WhenAll(rig.JoinAsync(members[0].MemberId), rig.JoinAsync(members[1].MemberId)).Soon();
        (await third.Soon()).Generation.ShouldBe(3);
    }

    [Fact]
    public async Task A_leader_that_fails_before_it_assigns_is_replaced()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        Task<SyncResult> waiting = rig.SyncAsync(members[1]);

        rig.Clock.Advance(GroupRig.Session);

        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        JoinResult again = await rig.JoinAsync(members[1].MemberId).Soon();
        (again.Generation, again.LeaderId, again.Members.Count).ShouldBe((3, members[1].MemberId, 1));
    }

    [Fact]
    public async Task A_member_that_never_asks_for_its_assignment_is_removed()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        await rig.SyncAsync(members[0]).Soon();
        for (int second = 0; second < 60; second += 5)
        {
            rig.Describe().Members.Count.ShouldBe(2);
            rig.Heartbeat(members[0]).ShouldBe(BrokerErrorCode.None);
            rig.Heartbeat(members[1]).ShouldBe(BrokerErrorCode.None);
            rig.Clock.Advance(TimeSpan.FromSeconds(5));
        }

        rig.Heartbeat(members[0]).ShouldBe(BrokerErrorCode.RebalanceInProgress);
        rig.Describe().Members.ShouldHaveSingleItem().MemberId.ShouldBe(members[0].MemberId);
    }

    [Fact]
    public async Task Nobody_is_told_its_assignment_before_the_generation_is_stored()
    {
        await using GroupRig rig = new();
        TaskCompletionSource stored = new();
        rig.Store.BeforeSave = () => stored.Task;
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        Task<SyncResult> follower = rig.SyncAsync(members[1]);
        Task<SyncResult> leader = rig.SyncAsync(members[0]);

        rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
        (follower.IsCompleted, leader.IsCompleted).ShouldBe((false, false));
        stored.SetResult();

        (await follower.Soon()).Error.ShouldBe(BrokerErrorCode.None);
        (await leader.Soon()).Error.ShouldBe(BrokerErrorCode.None);
        (await rig.Store.FindGroupAsync(GroupRig.Group, default)).ShouldBe(new StoredGroup(GroupRig.Group, 2, "consumer", null));
    }

    [Fact]
    public async Task Assignments_that_cannot_be_stored_are_told_to_nobody()
    {
        await using GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        rig.Store.BeforeSave = () => throw new MetadataUnavailableException("gone");
        Task<SyncResult> follower = rig.SyncAsync(members[1]);

        (await rig.SyncAsync(members[0]).Soon()).Error.ShouldBe(BrokerErrorCode.TimedOut);
        (await follower.Soon()).Error.ShouldBe(BrokerErrorCode.TimedOut);
        rig.Store.BeforeSave = null;

        Task<JoinResult> leader = rig.JoinAsync(members[0].MemberId);
        await rig.JoinAsync(members[1].MemberId).Soon();
        Text(await rig.SyncAsync(await leader.Soon()).Soon()).ShouldBe($"3:{members[0].MemberId}");
    }

    [Fact]
    public async Task A_generation_stored_too_late_is_not_told_to_the_next()
    {
        await using GroupRig rig = new();
        TaskCompletionSource stored = new();
        rig.Store.BeforeSave = () => stored.Task;
        JoinResult first = await rig.JoinAsync().Soon();
        Task<SyncResult> old = rig.SyncAsync(first);
        Task<JoinResult> second = rig.JoinAsync();
        Task<JoinResult> again = rig.JoinAsync(first.MemberId);
        await again.Soon();

        stored.SetResult();

        (await old.Soon()).Error.ShouldBe(BrokerErrorCode.RebalanceInProgress);
        rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
        Task<SyncResult> follower = rig.SyncAsync(await second.Soon());
        Text(await rig.SyncAsync(await again).Soon()).ShouldBe($"2:{first.MemberId}");
        Text(await follower.Soon()).ShouldStartWith("2:");
    }

    [Fact]
    public async Task A_generation_goes_on_where_the_last_process_ended()
    {
        MemoryGroupStore store = new();
        JoinResult last;
        await using (GroupRig before = new(store: store))
        {
            last = (await before.StableAsync(3))[0];
        }
        await using GroupRig rig = new(store: store);

        rig.Heartbeat(last).ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.JoinAsync(last.MemberId).Soon()).Error.ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.JoinAsync().Soon()).Generation.ShouldBe(last.Generation + 1);
    }

    [Fact]
    public async Task A_store_that_fails_refuses_the_join_and_the_next_one_asks_again()
    {
        await using GroupRig rig = new();
        rig.Store.BeforeFind = () => throw new MetadataUnavailableException("gone");
        (await rig.JoinAsync().Soon()).Error.ShouldBe(BrokerErrorCode.TimedOut);
        rig.Coordinator.Table.Count.ShouldBe(0);

        rig.Store.BeforeFind = null;
        (await rig.JoinAsync().Soon()).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_stop_answers_everybody()
    {
        GroupRig rig = new();
        JoinResult[] members = await rig.JoinTogetherAsync(2);
        Task<SyncResult> syncing = rig.SyncAsync(members[1]);
        Task<JoinResult> joining = rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "other" }, default);
        await joining.Soon();
        Task<JoinResult> waiting = rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "other" }, default);

        await rig.DisposeAsync();

        (await syncing.Soon()).Error.ShouldBe(BrokerErrorCode.ShuttingDown);
        (await waiting.Soon()).Error.ShouldBe(BrokerErrorCode.ShuttingDown);
        (await rig.JoinAsync(members[0].MemberId).Soon()).Error.ShouldBe(BrokerErrorCode.ShuttingDown);
        (await rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = "third" }, default).Soon()).Error.ShouldBe(BrokerErrorCode.ShuttingDown);
        (await rig.SyncAsync(members[0]).Soon()).Error.ShouldBe(BrokerErrorCode.ShuttingDown);
    }

    private static string Text(SyncResult result) => Encoding.UTF8.GetString(result.Assignment.Span);
}
