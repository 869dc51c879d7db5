using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

/// <summary>Groups that nobody has joined yet, though clients have been told ids to join with.</summary>
public sealed class ExpectedGroupTests
{
    private static readonly GroupOptions Few = new() { InitialRebalanceDelay = TimeSpan.Zero, GroupsMax = 3 };

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

    private static async Task<string> AskAsync(GroupRig rig, string group)
    {
        JoinResult told = await rig.Coordinator.JoinAsync(GroupRig.Request() with { Group = group, RequireMemberId = true }, default).Soon();
        told.Error.ShouldBe(BrokerErrorCode.MemberIdRequired, told.Message);
        return told.MemberId;
    }

    private static Task<JoinResult> JoinAsync(GroupRig rig, string group, string memberId = "") =>
        rig.Coordinator.JoinAsync(GroupRig.Request(memberId) with { Group = group }, default).Soon();
}
