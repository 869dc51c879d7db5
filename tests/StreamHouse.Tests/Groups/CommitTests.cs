using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

public sealed class CommitTests
{
    [Fact]
    public async Task A_commit_comes_back_with_its_text_and_epoch()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        JoinResult member = (await rig.StableAsync(1))[0];

        IReadOnlyList<BrokerErrorCode> outcomes = await rig.Coordinator.CommitOffsetsAsync(
            GroupRig.Group, GroupRig.Identity(member), [new(new(topic.Id, 1), 7, 3, "note"), new(new(topic.Id, 2), 8)], default);

        outcomes.ShouldBe([BrokerErrorCode.None, BrokerErrorCode.None]);
        (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default)).ShouldBe(
            [new(new(topic.Id, 1), 7, 3, "note", rig.Clock.GetUtcNow()), new(new(topic.Id, 2), 8, -1, null, rig.Clock.GetUtcNow())]);
        (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, [new(topic.Id, 2), new(topic.Id, 3)], default)).ShouldHaveSingleItem().Offset.ShouldBe(8);
        (await rig.Coordinator.FetchOffsetsAsync("other", null, default)).ShouldBeEmpty();
        await Should.ThrowAsync<BrokerException>(() => rig.Coordinator.FetchOffsetsAsync("", null, default));
    }

    [Fact]
    public async Task Each_partition_has_its_own_outcome()
    {
        await using GroupRig rig = new(new GroupOptions { OffsetMetadataLengthMax = 4 });
        TopicDescription topic = rig.AddTopic("t", partitions: 2);

        IReadOnlyList<BrokerErrorCode> outcomes = await rig.Coordinator.CommitOffsetsAsync(
            GroupRig.Group, null,
            [
                new(new(new TopicId(Guid.NewGuid()), 0), 1), new(new(topic.Id, 2), 1), new(new(topic.Id, -1), 1), new(new(topic.Id, 0), -1),
                new(new(topic.Id, 0), 1, -2), new(new(topic.Id, 0), 1, -1, "12345"), new(new(topic.Id, 1), 1, 0, "1234"),
            ],
            default);

        outcomes.ShouldBe(
        [
            BrokerErrorCode.UnknownTopic, BrokerErrorCode.UnknownPartition, BrokerErrorCode.UnknownPartition, BrokerErrorCode.InvalidRequest,
            BrokerErrorCode.InvalidRequest, BrokerErrorCode.OffsetMetadataTooLarge, BrokerErrorCode.None,
        ]);
        (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default)).ShouldHaveSingleItem().Metadata.ShouldBe("1234");
    }

    [Fact]
    public async Task Only_members_of_the_generation_commit_while_there_are_members()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.None);
        (await rig.CommitAsync(new("nobody", 1), topic)).ShouldBe(BrokerErrorCode.UnknownMember);
        JoinResult member = (await rig.StableAsync(1))[0];

        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.CommitAsync(new(member.MemberId, 0), topic)).ShouldBe(BrokerErrorCode.IllegalGeneration);
        (await rig.CommitAsync(new("nobody", 1), topic)).ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.CommitAsync(GroupRig.Identity(member), topic)).ShouldBe(BrokerErrorCode.None);

        rig.Leave(member.MemberId);
        (await rig.CommitAsync(GroupRig.Identity(member), topic)).ShouldBe(BrokerErrorCode.UnknownMember);
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.None);
        (await rig.Coordinator.CommitOffsetsAsync("", null, [new(new(topic.Id, 0), 1)], default)).ShouldBe([BrokerErrorCode.InvalidGroupId]);
    }

    [Fact]
    public async Task During_a_rebalance_the_old_generation_commits_until_the_new_one_is_decided()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        JoinResult[] members = await rig.StableAsync(2);
        Task<JoinResult> leader = rig.JoinAsync(members[0].MemberId);

        (await rig.CommitAsync(GroupRig.Identity(members[1]), topic)).ShouldBe(BrokerErrorCode.None);
        JoinResult follower = await rig.JoinAsync(members[1].MemberId).Soon();
        (await rig.CommitAsync(GroupRig.Identity(members[1]), topic)).ShouldBe(BrokerErrorCode.IllegalGeneration);
        (await rig.CommitAsync(GroupRig.Identity(follower), topic)).ShouldBe(BrokerErrorCode.RebalanceInProgress);
        await rig.SyncAsync(await leader.Soon()).Soon();
        (await rig.CommitAsync(GroupRig.Identity(follower), topic)).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_commit_is_answered_when_it_is_stored_and_a_read_waits_for_it()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        TaskCompletionSource stored = new();
        rig.Store.BeforeCommit = () => stored.Task;

        Task<BrokerErrorCode> commit = rig.CommitAsync(null, topic, 9);
        Task<IReadOnlyList<GroupOffset>> read = rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default);
        (commit.IsCompleted, read.IsCompleted).ShouldBe((false, false));
        (await rig.Coordinator.FetchOffsetsAsync("other", null, default)).ShouldBeEmpty();
        stored.SetResult();

        (await commit.Soon()).ShouldBe(BrokerErrorCode.None);
        (await read.Soon()).ShouldHaveSingleItem().Offset.ShouldBe(9);
    }

    [Fact]
    public async Task Commits_beyond_the_limit_are_refused_until_some_are_stored()
    {
        await using GroupRig rig = new(new GroupOptions { PendingOffsetsMax = 2 });
        TopicDescription topic = rig.AddTopic("t");
        TaskCompletionSource stored = new();
        rig.Store.BeforeCommit = () => stored.Task;
        Task<BrokerErrorCode>[] accepted = [rig.CommitAsync(null, topic), rig.CommitAsync(null, topic)];

        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.Overloaded);
        stored.SetResult();
        (await Task.WhenAll(accepted).Soon()).ShouldAllBe(o => o == BrokerErrorCode.None);
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.None);
    }

    [Fact]
    public async Task A_store_that_fails_is_told_for_every_partition_and_does_not_block_what_follows()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        rig.Store.BeforeCommit = () => throw new MetadataUnavailableException("gone");
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.TimedOut);
        rig.Store.BeforeCommit = () => throw new IOException("broken");
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.StorageFailed);

        rig.Store.BeforeCommit = null;
        (await rig.CommitAsync(null, topic)).ShouldBe(BrokerErrorCode.None);
        (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default).Soon()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Offsets_of_subscribed_topics_are_kept()
    {
        await using GroupRig rig = new();
        TopicDescription used = rig.AddTopic("used");
        TopicDescription free = rig.AddTopic("free");
        (await rig.Coordinator.DeleteOffsetsAsync(GroupRig.Group, [new(free.Id, 0)], default)).ShouldBe([BrokerErrorCode.GroupNotFound]);
        await rig.CommitAsync(null, used);
        await rig.CommitAsync(null, free);
        JoinRequest request = GroupRig.Request() with { Protocols = [new("range", GroupRig.Subscription("used"))] };
        await rig.Coordinator.JoinAsync(request, default).Soon();

        (await rig.Coordinator.DeleteOffsetsAsync(GroupRig.Group, [new(used.Id, 0), new(free.Id, 0), new(free.Id, 1)], default))
            .ShouldBe([BrokerErrorCode.GroupSubscribedToTopic, BrokerErrorCode.None, BrokerErrorCode.None]);
        (await rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default)).ShouldHaveSingleItem().Partition.Topic.ShouldBe(used.Id);
    }

    [Fact]
    public async Task Offsets_are_kept_when_a_subscription_cannot_be_read()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.CommitAsync(null, topic);
        JoinResult member = await rig.JoinAsync(metadata: "?").Soon();

        (await rig.Coordinator.DeleteOffsetsAsync(GroupRig.Group, [new(topic.Id, 0)], default)).ShouldBe([BrokerErrorCode.GroupNotEmpty]);
        rig.Leave(member.MemberId);
        (await rig.Coordinator.DeleteOffsetsAsync(GroupRig.Group, [new(topic.Id, 0)], default)).ShouldBe([BrokerErrorCode.None]);
    }

    [Fact]
    public async Task Groups_are_listed_described_and_deleted()
    {
        await using GroupRig rig = new();
        TopicDescription topic = rig.AddTopic("t");
        await rig.Coordinator.CommitOffsetsAsync("a-offsets", null, [new(new(topic.Id, 0), 1)], default);
        JoinResult member = (await rig.StableAsync(1))[0];

        (await rig.Coordinator.ListAsync(GroupFilter.All, default)).ShouldBe([new("a-offsets", GroupState.Empty, ""), new("g", GroupState.Stable, "consumer")]);
        (await rig.Coordinator.ListAsync(new GroupFilter { States = new HashSet<GroupState> { GroupState.Stable } }, default)).ShouldHaveSingleItem().Group.ShouldBe("g");
        (await rig.Coordinator.ListAsync(new GroupFilter { ProtocolTypes = new HashSet<string> { "" } }, default)).ShouldHaveSingleItem().Group.ShouldBe("a-offsets");

        GroupDescription described = rig.Describe();
        (described.State, described.Protocol, described.ProtocolType, described.Generation, described.LeaderId).ShouldBe(
            (GroupState.Stable, "range", "consumer", 1, member.MemberId));
        GroupMember only = described.Members.ShouldHaveSingleItem();
        (only.ClientId, only.ClientHost, only.InstanceId, only.Metadata.Length).ShouldBe(("client", "/host", null, 1));
        only.Assignment.ToArray().ShouldBe(GroupRig.Bytes($"1:{member.MemberId}"));
        (await rig.Coordinator.DescribeAsync("nobody", default)).State.ShouldBe(GroupState.Dead);

        (await rig.Coordinator.DeleteGroupsAsync(["g", "a-offsets", "nobody", ""], default)).ShouldBe(
            [BrokerErrorCode.GroupNotEmpty, BrokerErrorCode.None, BrokerErrorCode.GroupNotFound, BrokerErrorCode.InvalidGroupId]);
        rig.Leave(member.MemberId);
        (await rig.Coordinator.DeleteGroupsAsync(["g"], default)).ShouldBe([BrokerErrorCode.None]);
        (await rig.Coordinator.ListAsync(GroupFilter.All, default)).ShouldBeEmpty();
    }
}
