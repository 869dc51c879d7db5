using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

/// <summary>Groups that nobody has joined yet, though clients have been told ids to join with.</summary>
public sealed class ExpectedGroupTests
{
    private static readonly GroupOptions Few = new() { InitialRebalanceDelay = TimeSpan.Zero, GroupsMax = 3 };
    private static readonly GroupOptions Small = new() { InitialRebalanceDelay = TimeSpan.Zero, MemoryBytesMax = 256 << 10 };

    [Fact]
    public async Task Groups_that_were_only_asked_for_make_room_for_others_the_oldest_first()
    {
        await using GroupRig rig = new(Few);
        string[] ids = [await AskAsync(rig, "a"), await AskAsync(rig, "b"), await AskAsync(rig, "c")];

        (await JoinAsync(rig, "real")).Error.ShouldBe(BrokerErrorCode.None);

        rig.Coordinator.Table.Count.ShouldBe(3);
        (await JoinAsync(rig, "a", ids[0])).Error.ShouldBe(BrokerErrorCode.UnknownMember, "its client begins anew");
        (await JoinAsync(rig, "b", ids[1])).Error.ShouldBe(BrokerErrorCode.None);
        (await JoinAsync(rig, "c", ids[2])).Error.ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Group_that_was_asked_for_again_is_not_the_oldest()
    {
        await using GroupRig rig = new(Few);
        await AskAsync(rig, "a");
        await AskAsync(rig, "b");
        await AskAsync(rig, "a");
        await AskAsync(rig, "c");

        await AskAsync(rig, "d");

        rig.Coordinator.Table.Snapshot().Select(g => g.Name).Order().ShouldBe(["a", "c", "d"]);
    }

    [Fact]
    public async Task Groups_with_members_are_never_given_up()
    {
        await using GroupRig rig = new(Few);
        JoinResult[] members = [await JoinAsync(rig, "a"), await JoinAsync(rig, "b"), await JoinAsync(rig, "c")];
        members.ShouldAllBe(m => m.Error == BrokerErrorCode.None);
        await AskAsync(rig, "a");

        (await JoinAsync(rig, "d")).Error.ShouldBe(BrokerErrorCode.Overloaded);

        (await rig.Coordinator.HeartbeatAsync("a", GroupRig.Identity(members[0]), default)).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task Flood_of_groups_that_are_only_asked_for_keeps_nobody_out()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, GroupsMax = 100, MemoryBytesMax = 65_536 });
        TopicDescription topic = rig.AddTopic("t");
        JoinResult member = (await rig.StableAsync(1))[0];
        for (int i = 0; i < 3000; i++)
        {
            // Many groups, and then many ids for each of a few groups.
            await AskAsync(rig, i < 1500 ? $"hostile-{i}" : $"hostile-{i % 5}");
            rig.Coordinator.Table.Count.ShouldBeLessThanOrEqualTo(100);
            if (i % 100 == 0)
            {
                string id = await AskAsync(rig, $"honest-{i}");
                JoinResult joined = await JoinAsync(rig, $"honest-{i}", id);
                joined.Error.ShouldBe(BrokerErrorCode.None, joined.Message);
                (await rig.Coordinator.LeaveAsync($"honest-{i}", [new LeavingMember(id)], default)).Members.ShouldBe([BrokerErrorCode.None]);
            }
        }

        (await rig.CommitAsync(GroupRig.Identity(member), topic)).ShouldBe(BrokerErrorCode.None);
        rig.Leave(member.MemberId);
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        (rig.Coordinator.Table.Count, rig.Coordinator.Table.MemoryBytes, rig.Coordinator.Table.Watched).ShouldBe((0, 0, 0));
    }

    [Fact]
    public async Task Ids_of_groups_with_members_never_make_another_group_be_given_up()
    {
        await using GroupRig rig = new(Small);
        for (int i = 0; i < 4; i++)
        {
            (await JoinAsync(rig, $"hostile-{i}")).Error.ShouldBe(BrokerErrorCode.None);
            for (int ids = 0; ids < 60; ids++)
            {
                await AskAsync(rig, $"hostile-{i}");
            }
        }
        rig.Coordinator.Table.MemoryBytes.ShouldBeGreaterThan(Small.MemoryBytesMax / 4, "or nothing is shown");

        string id = await AskAsync(rig, "honest");
        await AskAsync(rig, "hostile-0");
        await AskAsync(rig, "another");

        JoinResult joined = await JoinAsync(rig, "honest", id);
        joined.Error.ShouldBe(BrokerErrorCode.None, joined.Message);
    }

    [Fact]
    public async Task Ids_of_groups_with_members_do_not_fill_the_memory()
    {
        await using GroupRig rig = new(Small);
        for (int i = 0; i < 4; i++)
        {
            (await JoinAsync(rig, $"hostile-{i}")).Error.ShouldBe(BrokerErrorCode.None);
        }
        for (int i = 0; i < 4000; i++)
        {
            await AskAsync(rig, $"hostile-{i / 1000}");
            rig.Coordinator.Table.MemoryBytes.ShouldBeLessThan(Small.MemoryBytesMax * 6 / 10);
        }

        JoinRequest large = GroupRig.Request(protocols: "range", metadata: new string('x', 100_000)) with { Group = "honest" };
        (await rig.Coordinator.JoinAsync(large, default).Soon()).Error.ShouldBe(BrokerErrorCode.None);
        rig.Clock.Advance(GroupRig.RebalanceTimeout * 2);
        (rig.Coordinator.Table.Count, rig.Coordinator.Table.MemoryBytes, rig.Coordinator.Table.Watched).ShouldBe((0, 0, 0));
    }

    [Fact]
    public async Task Ids_that_nobody_joins_with_keep_no_member_out_of_a_group()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, MembersMax = 3 });
        JoinResult first = await JoinAsync(rig, GroupRig.Group);
        List<string> told = [];
        for (int i = 0; i < 10; i++)
        {
            told.Add(await AskAsync(rig, GroupRig.Group));
        }

        // The oldest made room for the newest.
        (await JoinAsync(rig, GroupRig.Group, told[6])).Error.ShouldBe(BrokerErrorCode.UnknownMember);
        Task<JoinResult>[] joins = [rig.JoinAsync(), rig.JoinAsync(told[7]), rig.JoinAsync(first.MemberId)];
        rig.Describe().Members.Count.ShouldBe(3);

        // Now members fill the group, and whoever still comes with an id is waited for no longer.
        (await JoinAsync(rig, GroupRig.Group)).Error.ShouldBe(BrokerErrorCode.GroupFull);
        (await JoinAsync(rig, GroupRig.Group, told[8])).Error.ShouldBe(BrokerErrorCode.GroupFull);
        joins.ShouldAllBe(j => !j.IsCompleted);
        (await JoinAsync(rig, GroupRig.Group, told[9])).Error.ShouldBe(BrokerErrorCode.GroupFull);
        (await Task.WhenAll(joins).Soon()).ShouldAllBe(j => j.Error == BrokerErrorCode.None);
    }

    private static async Task<string> AskAsync(GroupRig rig, string group)
    {
        JoinResult told = await rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = group, RequireMemberId = true }, default).Soon();
        told.Error.ShouldBe(BrokerErrorCode.MemberIdRequired, told.Message);
        return told.MemberId;
    }

    private static Task<JoinResult> JoinAsync(GroupRig rig, string group, string memberId = "") =>
        rig.Coordinator.JoinAsync(GroupRig.Request(memberId) with { Group = group }, default).Soon();
}
