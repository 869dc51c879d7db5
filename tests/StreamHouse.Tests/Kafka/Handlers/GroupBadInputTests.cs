using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

/// <summary>Members that do not know what has become of their group, over the wire.</summary>
public sealed class GroupBadInputTests
{
    [Fact]
    public async Task Member_of_an_old_generation_is_told_so_whatever_it_asks_and_others_keep_theirs()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        JoinGroupResponse first = await GroupTests.JoinAsync(rig.Client, 9);
        await GroupTests.SyncAsync(rig.Client, first, "all", 5);
        // The lone leader joins again: generation 2.
        JoinGroupResponse second = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(GroupTests.Join(first.MemberId), 9);
        second.GenerationId.ShouldBe(2);
        using KafkaTestClient late = rig.Connect();

        (await GroupTests.SyncAsync(late, first, "mine again", 5)).ErrorCode.ShouldBe(KafkaErrorCode.IllegalGeneration);
        (await GroupTests.HeartbeatAsync(late, first.MemberId, 1, 4)).ShouldBe(KafkaErrorCode.IllegalGeneration);
        (await CommitAsync(late, first.MemberId, 1, "t", 0)).ShouldBe(KafkaErrorCode.IllegalGeneration);
        (await CommitAsync(late, first.MemberId, 3, "t", 0)).ShouldBe(KafkaErrorCode.IllegalGeneration, "nor is there one of the future");

        (await GroupTests.SyncAsync(rig.Client, second, "all", 5)).ErrorCode.ShouldBe(KafkaErrorCode.None);
        (await GroupTests.HeartbeatAsync(rig.Client, first.MemberId, 2, 4)).ShouldBe(KafkaErrorCode.None);
        (await CommitAsync(rig.Client, first.MemberId, 2, "t", 0)).ShouldBe(KafkaErrorCode.None);
    }

    [Theory]
    [InlineData("t", 1, KafkaErrorCode.None)]
    [InlineData("t", 2, KafkaErrorCode.UnknownTopicOrPartition)]
    [InlineData("t", -1, KafkaErrorCode.UnknownTopicOrPartition)]
    [InlineData("nowhere", 0, KafkaErrorCode.UnknownTopicOrPartition)]
    public async Task Member_commits_any_partition_there_is_as_in_Kafka_and_nothing_else(string topic, int partition, KafkaErrorCode expected)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", partitions: 2);
        JoinGroupResponse joined = await GroupTests.JoinAsync(rig.Client, 9);
        // The server does not read assignments: that partition 1 is not this member's is the group's own affair.
        await GroupTests.SyncAsync(rig.Client, joined, "only t:0", 5);

        (await CommitAsync(rig.Client, joined.MemberId, 1, topic, partition)).ShouldBe(expected);

        (await CommitAsync(rig.Client, joined.MemberId, 1, "t", 0)).ShouldBe(KafkaErrorCode.None);
    }

    private static async Task<KafkaErrorCode> CommitAsync(KafkaTestClient client, string member, int generation, string topic, int partition)
    {
        OffsetCommitResponse response = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new()
            {
                GroupId = "g",
                GenerationIdOrMemberEpoch = generation,
                MemberId = member,
                Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, CommittedOffset = 5 }] }],
            },
            9);
        return response.Topics.Single().Partitions.Single().ErrorCode;
    }
}
