using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Metrics;

namespace StreamHouse.Tests.Groups;

public sealed class GroupMetricsTests
{
    [Fact]
    public async Task Groups_and_members_are_counted_by_state_as_they_come_and_go()
    {
        await using GroupRig rig = new();
        using MetricsCollector collector = new(rig.Metrics);
        Page(collector).ShouldContain("streamhouse_groups{state=\"stable\"} 0");

        JoinResult[] members = await rig.StableAsync(2);

        Page(collector).ShouldContain("streamhouse_groups{state=\"stable\"} 1");
        Page(collector).ShouldContain("streamhouse_group_members 2");
        long rebalances = ValueOf(collector, "streamhouse_group_rebalances_total");
        rebalances.ShouldBeGreaterThan(0);

        rig.Leave(members[1].MemberId);
        Page(collector).ShouldContain("streamhouse_groups{state=\"preparing_rebalance\"} 1");
        Page(collector).ShouldContain("streamhouse_groups{state=\"stable\"} 0");
        Page(collector).ShouldContain("streamhouse_group_members 1");
        await rig.JoinAsync(members[0].MemberId).Soon();
        Page(collector).ShouldContain("streamhouse_groups{state=\"completing_rebalance\"} 1");
        ValueOf(collector, "streamhouse_group_rebalances_total").ShouldBe(rebalances + 1);
        Page(collector).ShouldContain("streamhouse_group_members_lost_total 0");

        rig.Clock.Advance(GroupRig.Session + GroupRig.RebalanceTimeout);
        Page(collector).ShouldContain("streamhouse_group_members_lost_total 1");
        Page(collector).ShouldContain("streamhouse_group_members 0");
    }

    [Fact]
    public async Task Each_committed_offset_is_counted_by_its_outcome()
    {
        await using GroupRig rig = new();
        using MetricsCollector collector = new(rig.Metrics);
        TopicDescription topic = rig.AddTopic("t", partitions: 2);

        await rig.Coordinator.CommitOffsetsAsync(GroupRig.Group, null, [new(new(topic.Id, 0), 1), new(new(topic.Id, 1), 1), new(new(topic.Id, 2), 1)], default);
        await rig.CommitAsync(new MemberIdentity("nobody", 1), topic);

        Page(collector).ShouldContain("streamhouse_group_commits_total{code=\"none\"} 2");
        Page(collector).ShouldContain("streamhouse_group_commits_total{code=\"unknown_partition\"} 1");
        Page(collector).ShouldContain("streamhouse_group_commits_total{code=\"unknown_member\"} 1");
    }

    private static string[] Page(MetricsCollector collector) => PrometheusWriter.Write(collector.Collect()).Split('\n');

    private static long ValueOf(MetricsCollector collector, string name) => long.Parse(
        Page(collector).Single(l => l.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
}
