using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

public sealed class OffsetExpiryTests
{
    private static readonly GroupOptions Options = new()
    {
        InitialRebalanceDelay = TimeSpan.Zero, OffsetsRetention = TimeSpan.FromDays(7), OffsetsCheckInterval = TimeSpan.FromMinutes(10),
        SessionTimeoutMax = TimeSpan.FromDays(1),
    };

    [Fact]
    public async Task Offsets_of_a_group_that_never_had_members_expire_a_retention_after_their_commit()
    {
        await using GroupRig rig = new(Options);
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);

        await PassAsync(rig, TimeSpan.FromDays(6.9));
        (await OffsetsAsync(rig)).ShouldBe(1);
        await PassAsync(rig, TimeSpan.FromDays(0.2));

        (await OffsetsAsync(rig)).ShouldBe(0);
        (await rig.Coordinator.ListAsync(GroupFilter.All, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Offsets_of_a_group_with_members_never_expire_and_then_a_retention_after_it_was_seen_empty()
    {
        await using GroupRig rig = new(Options);
        TopicDescription topic = rig.AddTopic("t");
        JoinResult member = await JoinPatientAsync(rig);
        await rig.CommitAsync(GroupRig.Identity(member), topic);
        for (int day = 0; day < 30; day++)
        {
            await PassAsync(rig, TimeSpan.FromHours(23));
            rig.Heartbeat(member);
        }
        (await OffsetsAsync(rig)).ShouldBe(1);

        rig.Leave(member.MemberId);
        await PassAsync(rig, TimeSpan.FromMinutes(13));
        await PassAsync(rig, TimeSpan.FromDays(6.9));
        (await OffsetsAsync(rig)).ShouldBe(1);
        await PassAsync(rig, TimeSpan.FromDays(0.2));

        (await OffsetsAsync(rig)).ShouldBe(0);
        (await rig.Store.FindGroupAsync(GroupRig.Group, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Members_that_come_back_start_the_retention_anew()
    {
        await using GroupRig rig = new(Options);
        TopicDescription topic = rig.AddTopic("t");
        JoinResult member = await JoinPatientAsync(rig);
        await rig.CommitAsync(GroupRig.Identity(member), topic);
        rig.Leave(member.MemberId);
        await PassAsync(rig, TimeSpan.FromMinutes(13));
        await PassAsync(rig, TimeSpan.FromDays(6));

        JoinResult again = await JoinPatientAsync(rig);
        await PassAsync(rig, TimeSpan.FromMinutes(13));
        rig.Leave(again.MemberId);
        await PassAsync(rig, TimeSpan.FromDays(6));
        (await OffsetsAsync(rig)).ShouldBe(1);
    }

    [Fact]
    public async Task The_search_runs_by_itself_and_goes_on_after_a_failure()
    {
        await using GroupRig rig = new(Options);
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        int failures = 0;
        rig.Store.BeforeList = () => failures++ < 2 ? throw new IOException("broken") : Task.CompletedTask;
        rig.Coordinator.Start();
        rig.Clock.Advance(TimeSpan.FromDays(8));

        for (int i = 0; i < 2000 && await OffsetsAsync(rig) > 0; i++)
        {
            rig.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(1);
        }

        (await OffsetsAsync(rig)).ShouldBe(0);
        failures.ShouldBeGreaterThan(2);
    }

    private static async Task<JoinResult> JoinPatientAsync(GroupRig rig)
    {
        JoinResult member = await rig.Coordinator.JoinAsync(GroupRig.Request() with { SessionTimeout = TimeSpan.FromDays(1) }, default).Soon();
        await rig.SyncAsync(member).Soon();
        return member;
    }

    private static async Task PassAsync(GroupRig rig, TimeSpan time)
    {
        rig.Clock.Advance(time);
        await rig.Coordinator.Expiry.RunOnceAsync(default);
    }

    private static async Task<int> OffsetsAsync(GroupRig rig) => (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default)).Count;
}
