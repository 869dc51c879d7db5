using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

public sealed class DeletionTests
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Group_that_somebody_joins_while_it_is_deleted_is_there_afterwards()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        rig.Store.BeforeDelete = () => _gate.Task;
        Task<IReadOnlyList<BrokerErrorCode>> deletion = rig.Coordinator.DeleteGroupsAsync([GroupRig.Group], default);

        JoinResult member = await rig.JoinAsync().Soon();
        Task<SyncResult> sync = rig.SyncAsync(member);
        Task<IReadOnlyList<GroupOffset>> read = rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default);
        await Task.Delay(20);
        (sync.IsCompleted, read.IsCompleted).ShouldBe((false, false));
        _gate.SetResult();

        (await deletion.Soon()).ShouldBe([BrokerErrorCode.None]);
        (await sync.Soon()).Error.ShouldBe(BrokerErrorCode.None);
        (await read.Soon()).ShouldBeEmpty();
        (await rig.Store.FindGroupAsync(GroupRig.Group, default)).ShouldNotBeNull().Generation.ShouldBe(member.Generation);
        (await rig.Coordinator.DeleteGroupsAsync([GroupRig.Group], default)).ShouldBe([BrokerErrorCode.GroupNotEmpty]);
    }

    [Fact]
    public async Task Commits_while_a_group_is_deleted_come_after_the_deletion_and_in_their_order()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        rig.Store.BeforeDelete = () => _gate.Task;
        Task<IReadOnlyList<BrokerErrorCode>> deletion = rig.Coordinator.DeleteGroupsAsync([GroupRig.Group], default);

        Task<BrokerErrorCode>[] commits = [.. Enumerable.Range(10, 20).Select(offset => rig.CommitAsync(null, topic, offset))];
        commits.ShouldAllBe(c => !c.IsCompleted);
        _gate.SetResult();

        (await deletion.Soon()).ShouldBe([BrokerErrorCode.None]);
        (await Task.WhenAll(commits).Soon()).ShouldAllBe(c => c == BrokerErrorCode.None);
        (await OffsetsAsync(rig)).ShouldBe([29]);
    }

    [Fact]
    public async Task Deletion_takes_commits_with_it_that_are_still_on_their_way()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        rig.Store.BeforeCommit = () => _gate.Task;
        Task<BrokerErrorCode> commit = rig.CommitAsync(null, topic);
        Task<IReadOnlyList<BrokerErrorCode>> deletion = rig.Coordinator.DeleteGroupsAsync([GroupRig.Group], default);
        await Task.Delay(20);
        deletion.IsCompleted.ShouldBeFalse();
        _gate.SetResult();

        (await commit.Soon()).ShouldBe(BrokerErrorCode.None);
        (await deletion.Soon()).ShouldBe([BrokerErrorCode.None]);
        (await OffsetsAsync(rig)).ShouldBeEmpty();
        rig.Coordinator.Table.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Offset_that_a_new_member_commits_while_the_former_one_is_deleted_stays()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        rig.Store.BeforeDelete = () => _gate.Task;
        Task<IReadOnlyList<BrokerErrorCode>> deletion = rig.Coordinator.DeleteOffsetsAsync(GroupRig.Group, [new(topic.Id, 0)], default);
        Task<BrokerErrorCode> commit = rig.CommitAsync(null, topic, 7);
        commit.IsCompleted.ShouldBeFalse();
        _gate.SetResult();

        (await deletion.Soon()).ShouldBe([BrokerErrorCode.None]);
        (await commit.Soon()).ShouldBe(BrokerErrorCode.None);
        (await OffsetsAsync(rig)).ShouldBe([7]);
    }

    [Fact]
    public async Task Deletion_that_fails_holds_nobody_up()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        rig.Store.BeforeDelete = () => throw new IOException("broken");

        (await Should.ThrowAsync<BrokerException>(() => rig.Coordinator.DeleteGroupsAsync([GroupRig.Group], default))).Code.ShouldBe(BrokerErrorCode.StorageFailed);

        (await rig.CommitAsync(null, topic, 7).Soon()).ShouldBe(BrokerErrorCode.None);
        (await OffsetsAsync(rig)).ShouldBe([7]);
        rig.Coordinator.Table.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Groups_can_be_deleted_while_as_many_have_members_as_may()
    {
        await using GroupRig rig = new(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero, GroupsMax = 1 });
        TopicDescription topic = rig.AddTopic("t");
        await rig.Coordinator.CommitOffsetsAsync("old", null, [new(new(topic.Id, 0), 1)], default);
        await rig.JoinAsync().Soon();

        (await rig.Coordinator.DeleteGroupsAsync(["old"], default)).ShouldBe([BrokerErrorCode.None]);
        rig.Coordinator.Table.Count.ShouldBe(1);
    }

    private static async Task<long[]> OffsetsAsync(GroupRig rig) =>
        [.. (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default).Soon()).Select(o => o.Offset)];
}
