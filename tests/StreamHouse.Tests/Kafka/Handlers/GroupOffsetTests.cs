using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class GroupOffsetTests
{
    public static TheoryData<short> Versions => [.. Enumerable.Range(1, 9).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Committed_offset_comes_back_whole_in_every_version(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", partitions: 3);

        (await CommitAsync(rig, version, ("t", 0, 42, "my text"), ("t", 1, 0, null))).ShouldBe([KafkaErrorCode.None, KafkaErrorCode.None]);

        (await FetchAsync(rig, version, [0, 1, 2])).ShouldBe(
        [
            (0, 42, version >= 6 ? 5 : -1, "my text"), (1, 0, version >= 6 ? 5 : -1, ""), (2, -1, -1, ""),
        ]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public async Task All_offsets_of_a_group_are_told_to_null(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", partitions: 3);
        await CommitAsync(rig, 9, ("t", 2, 7, null));

        (await FetchAsync(rig, version, null)).Select(p => (p.Partition, p.Offset)).ShouldBe([(2, 7)]);
    }

    [Fact]
    public async Task Offsets_survive_a_restart()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        await CommitAsync(rig, 9, ("t", 0, 42, "text"));

        await rig.RestartAsync();

        (await FetchAsync(rig, 9, [0])).ShouldBe([(0, 42, 5, "text")]);
    }

    [Fact]
    public async Task What_does_not_exist_cannot_be_committed_and_the_rest_is()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await CommitAsync(rig, 9, ("nope", 0, 1, null), ("t", 0, 2, null), ("t", 1, 3, null), ("t", -1, 3, null), ("t", 0, 4, new string('x', 5000)))).ShouldBe(
        [
            KafkaErrorCode.UnknownTopicOrPartition, KafkaErrorCode.None, KafkaErrorCode.UnknownTopicOrPartition, KafkaErrorCode.UnknownTopicOrPartition,
            KafkaErrorCode.OffsetMetadataTooLarge,
        ]);
        (await FetchAsync(rig, 9, [0])).ShouldBe([(0, 2, 5, "")]);
    }

    [Fact]
    public async Task What_does_not_exist_has_no_offset_and_no_error()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        OffsetFetchResponse old = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = "nope", Topics = [new() { Name = "nope", PartitionIndexes = [0, -1] }] }, 1);
        OffsetFetchResponse whole = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
            new OffsetFetchRequest { Groups = [new() { GroupId = "nope", Topics = null }] }, 8);

        old.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.ErrorCode)).ShouldBe([(0, -1, KafkaErrorCode.None), (-1, -1, KafkaErrorCode.None)]);
        (whole.Groups[0].ErrorCode, whole.Groups[0].Topics.Length).ShouldBe((KafkaErrorCode.None, 0));
    }

    [Fact]
    public async Task Several_groups_are_told_at_once_and_each_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        await CommitAsync(rig, 9, ("t", 0, 42, null));

        OffsetFetchResponse response = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
            new OffsetFetchRequest { Groups = [new() { GroupId = "g", Topics = null }, new() { GroupId = "h", Topics = null }, new() { GroupId = "g", Topics = null }, new() { GroupId = "", Topics = null }] }, 9);

        response.Groups.Select(g => (g.GroupId, g.ErrorCode, g.Topics.Length))
            .ShouldBe([("g", KafkaErrorCode.None, 1), ("h", KafkaErrorCode.None, 0), ("", KafkaErrorCode.InvalidGroupId, 0)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Invalid_group_is_refused_where_the_version_has_a_place_for_it(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        OffsetFetchResponse response = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = "", Topics = [new() { Name = "t", PartitionIndexes = [0] }] }, version);

        (version == 1 ? response.Topics[0].Partitions[0].ErrorCode : response.ErrorCode).ShouldBe(KafkaErrorCode.InvalidGroupId);
    }

    [Fact]
    public async Task Only_members_of_this_generation_commit_to_a_group_that_has_members()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        JoinGroupResponse joined = await GroupTests.JoinAsync(rig.Client, 9);
        await GroupTests.SyncAsync(rig.Client, joined, "all", 5);

        (await CommitAsync(rig, 9, joined.MemberId, 1)).ShouldBe(KafkaErrorCode.None);
        (await CommitAsync(rig, 9, joined.MemberId, 0)).ShouldBe(KafkaErrorCode.IllegalGeneration);
        (await CommitAsync(rig, 9, "stranger", 1)).ShouldBe(KafkaErrorCode.UnknownMemberId);
        (await CommitAsync(rig, 9, "", -1)).ShouldBe(KafkaErrorCode.UnknownMemberId);
    }

    [Fact]
    public async Task Reader_that_assigns_itself_commits_under_its_name_while_the_group_is_empty()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await CommitAsync(rig, 9, "", -1, instance: "reader")).ShouldBe(KafkaErrorCode.None);
        (await CommitAsync(rig, 9, "nobody", -1)).ShouldBe(KafkaErrorCode.None);
        (await CommitAsync(rig, 9, "nobody", 0)).ShouldBe(KafkaErrorCode.UnknownMemberId);

        // A new member has been told its id: the group is in the table, and still empty.
        (await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(GroupTests.Join(""), 9)).ErrorCode.ShouldBe(KafkaErrorCode.MemberIdRequired);
        (await CommitAsync(rig, 9, "", -1, instance: "reader")).ShouldBe(KafkaErrorCode.None);

        JoinGroupResponse joined = await GroupTests.JoinAsync(rig.Client, 3);
        joined.ErrorCode.ShouldBe(KafkaErrorCode.None);
        (await CommitAsync(rig, 9, "", -1, instance: "reader")).ShouldBe(KafkaErrorCode.UnknownMemberId);
        (await CommitAsync(rig, 9, joined.MemberId, -1)).ShouldBe(KafkaErrorCode.IllegalGeneration);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task Store_that_fails_for_a_moment_is_told_so_that_the_reader_asks_again(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        rig.Engine.Metadata.Unavailable = true;

        OffsetFetchRequest request = new()
        {
            GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }], Groups = [new() { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0] }] }],
        };
        OffsetFetchResponse response = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(request, version);

        (version == 1 ? response.Topics[0].Partitions[0].ErrorCode : version < 8 ? response.ErrorCode : response.Groups[0].ErrorCode)
            .ShouldBe(KafkaErrorCode.CoordinatorLoadInProgress);
        rig.Engine.Metadata.Unavailable = false;
        (await FetchAsync(rig, 9, [0])).ShouldBe([(0, -1, -1, "")]);
    }

    [Fact]
    public async Task Offsets_are_deleted_one_by_one()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", partitions: 2);
        await CommitAsync(rig, 9, ("t", 0, 1, null), ("t", 1, 2, null));

        OffsetDeleteResponse deleted = await rig.Client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(
            new OffsetDeleteRequest
            {
                GroupId = "g",
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0 }] }, new() { Name = "nope", Partitions = [new() { PartitionIndex = 0 }] }],
            }, 0);

        deleted.ErrorCode.ShouldBe(KafkaErrorCode.None);
        deleted.Topics.SelectMany(t => t.Partitions).Select(p => p.ErrorCode).ShouldBe([KafkaErrorCode.None, KafkaErrorCode.UnknownTopicOrPartition]);
        (await FetchAsync(rig, 9, null)).Select(p => (p.Partition, p.Offset)).ShouldBe([(1, 2)]);
    }

    [Fact]
    public async Task Offsets_of_an_unknown_group_cannot_be_deleted()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await rig.Client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(
            new OffsetDeleteRequest { GroupId = "nope", Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0 }] }] }, 0))
            .ErrorCode.ShouldBe(KafkaErrorCode.GroupIdNotFound);
    }

    private static async Task<KafkaErrorCode> CommitAsync(KafkaRig rig, short version, string member, int generation, string? instance = null)
    {
        OffsetCommitResponse response = await rig.Client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = "g",
                MemberId = member,
                GroupInstanceId = instance,
                GenerationIdOrMemberEpoch = generation,
                Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = 1 }] }],
            }, version);
        return response.Topics.ShouldHaveSingleItem().Partitions.ShouldHaveSingleItem().ErrorCode;
    }

    private static async Task<KafkaErrorCode[]> CommitAsync(KafkaRig rig, short version, params (string Topic, int Partition, long Offset, string? Text)[] offsets)
    {
        OffsetCommitResponse response = await rig.Client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = "g",
                Topics =
                [
                    .. offsets.Select(o => new OffsetCommitRequest.Topic
                    {
                        Name = o.Topic,
                        Partitions = [new() { PartitionIndex = o.Partition, CommittedOffset = o.Offset, CommittedLeaderEpoch = 5, CommittedMetadata = o.Text }],
                    }),
                ],
            }, version);
        response.Topics.Select(t => t.Name).ShouldBe(offsets.Select(o => o.Topic));
        return [.. response.Topics.SelectMany(t => t.Partitions).Select(p => p.ErrorCode)];
    }

    private static async Task<(int Partition, long Offset, int Epoch, string? Text)[]> FetchAsync(KafkaRig rig, short version, int[]? partitions)
    {
        OffsetFetchRequest request = new()
        {
            GroupId = "g",
            Topics = partitions is null ? null : [new() { Name = "t", PartitionIndexes = partitions }],
            Groups = [new() { GroupId = "g", Topics = partitions is null ? null : [new() { Name = "t", PartitionIndexes = partitions }] }],
        };
        OffsetFetchResponse response = await rig.Client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(request, version);
        response.ErrorCode.ShouldBe(KafkaErrorCode.None);
        return version < 8
            ? [.. response.Topics.ShouldHaveSingleItem().Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata))]
            : [.. response.Groups.ShouldHaveSingleItem().Topics.ShouldHaveSingleItem().Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata))];
    }
}
