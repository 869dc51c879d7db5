using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class ListOffsetsTests
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LatestTiered = -5;

    public static TheoryData<short> Versions => [.. Enumerable.Range(1, 9).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_finds_the_ends_and_an_offset_by_time(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.Append(await rig.Engine.CreateTopicAsync("t"), EngineRig.Batch(["a", "b", "c"], timestamp: 1000));

        (await FindAsync(rig, version, Earliest)).ShouldBe((KafkaErrorCode.None, 0, -1));
        (await FindAsync(rig, version, Latest)).ShouldBe((KafkaErrorCode.None, 3, -1));
        (await FindAsync(rig, version, 1001)).ShouldBe((KafkaErrorCode.None, 1, 1001));
        (await FindAsync(rig, version, 0)).ShouldBe((KafkaErrorCode.None, 0, 1000));
        (await FindAsync(rig, version, 5000)).ShouldBe((KafkaErrorCode.None, -1, -1));
    }

    [Theory]
    [InlineData(MaxTimestamp, 7)]
    [InlineData(EarliestLocal, 8)]
    [InlineData(LatestTiered, 9)]
    public async Task Special_value_needs_the_version_it_came_with(long value, short since)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.Engine.CreateTopicAsync("t"), "a");

        (await FindAsync(rig, (short)(since - 1), value)).ShouldBe((KafkaErrorCode.UnsupportedVersion, -1, -1));
        (await FindAsync(rig, since, value)).Error.ShouldBe(KafkaErrorCode.None);
    }

    [Theory]
    [InlineData(-6)]
    [InlineData(long.MinValue)]
    public async Task Other_negative_timestamps_are_refused(long timestamp)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await FindAsync(rig, 9, timestamp)).ShouldBe((KafkaErrorCode.UnsupportedVersion, -1, -1));
    }

    [Fact]
    public async Task Record_with_the_largest_timestamp_is_found_wherever_it_lies()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        (await FindAsync(rig, 9, MaxTimestamp)).ShouldBe((KafkaErrorCode.None, -1, -1));
        await rig.Engine.Append(topic, EngineRig.Batch(["late", "later"], timestamp: 9000));
        await rig.Engine.TierAsync(topic);
        await rig.Engine.Append(topic, EngineRig.Batch(["early"], timestamp: 100));

        (await FindAsync(rig, 9, MaxTimestamp)).ShouldBe((KafkaErrorCode.None, 1, 9001));
    }

    [Fact]
    public async Task Border_between_objects_and_tail_is_told()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        await rig.Engine.AppendAsync(topic, "a", "b");
        (await FindAsync(rig, 9, LatestTiered)).ShouldBe((KafkaErrorCode.None, -1, -1));
        (await FindAsync(rig, 9, EarliestLocal)).ShouldBe((KafkaErrorCode.None, 0, -1));

        await rig.Engine.TierAsync(topic);
        await rig.Engine.AppendAsync(topic, "c");

        (await FindAsync(rig, 9, LatestTiered)).ShouldBe((KafkaErrorCode.None, 1, -1));
        (await FindAsync(rig, 9, EarliestLocal)).ShouldBe((KafkaErrorCode.None, 2, -1));
    }

    [Fact]
    public async Task Deleted_records_are_not_found()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        await rig.Engine.Append(topic, EngineRig.Batch(["a", "b", "c"], timestamp: 1000));
        await rig.Broker.DeleteRecordsAsync(new TopicPartition(topic.Id, 0), 2, CancellationToken.None);

        (await FindAsync(rig, 9, Earliest)).Offset.ShouldBe(2);
        (await FindAsync(rig, 9, 1000)).ShouldBe((KafkaErrorCode.None, 2, 1002));
    }

    [Theory]
    [InlineData(1, KafkaErrorCode.FencedLeaderEpoch)]
    [InlineData(2, KafkaErrorCode.None)]
    [InlineData(3, KafkaErrorCode.UnknownLeaderEpoch)]
    [InlineData(-1, KafkaErrorCode.None)]
    public async Task Leader_epoch_of_the_client_is_checked(int epoch, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        await rig.RestartAsync();

        ListOffsetsResponse.Partition found = await AskAsync(rig, 4, Latest, epoch);

        found.ErrorCode.ShouldBe(error);
        found.LeaderEpoch.ShouldBe(error == KafkaErrorCode.None ? 2 : -1);
        found.Offset.ShouldBe(error == KafkaErrorCode.None ? 0 : -1);
    }

    [Fact]
    public async Task Committed_isolation_ends_where_the_log_does()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.Engine.CreateTopicAsync("t"), "a", "b");

        ListOffsetsResponse response = await rig.Client.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(Request("t", [new() { Timestamp = Latest }], isolation: 1), 5);

        response.Topics[0].Partitions[0].Offset.ShouldBe(2);
    }

    [Fact]
    public async Task Unknown_topics_and_partitions_fail_by_themselves()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        int[] partitions = [0, 1, -1, int.MaxValue];
        ListOffsetsRequest request = Request("t", [.. partitions.Select(p => new ListOffsetsRequest.Partition { PartitionIndex = p, Timestamp = Latest })]);
        request.Topics = [.. request.Topics, .. Request("nope", [new() { Timestamp = Latest }]).Topics];

        ListOffsetsResponse response = await rig.Client.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(request, 9);

        response.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)).ShouldBe(
        [
            (0, KafkaErrorCode.None), (1, KafkaErrorCode.UnknownTopicOrPartition), (-1, KafkaErrorCode.UnknownTopicOrPartition),
            (int.MaxValue, KafkaErrorCode.UnknownTopicOrPartition),
        ]);
        response.Topics[1].Partitions.ShouldHaveSingleItem().ErrorCode.ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
    }

    [Fact]
    public async Task Answers_stand_in_the_order_of_the_questions_also_when_one_is_repeated()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t", partitions: 2);
        await rig.Engine.Append(topic, EngineRig.Batch(["a", "b"], timestamp: 1000));
        await rig.Engine.TierAsync(topic);
        (int Partition, long Timestamp)[] asked = [(1, Latest), (0, 1001), (0, Latest), (0, 1001), (7, Latest), (0, 1000)];
        ListOffsetsRequest request = Request("t", [.. asked.Select(a => new ListOffsetsRequest.Partition { PartitionIndex = a.Partition, Timestamp = a.Timestamp })]);
        request.Topics = [.. request.Topics, .. Request("nope", [new() { Timestamp = Latest }]).Topics, .. Request("t", [new() { Timestamp = Latest }]).Topics];

        ListOffsetsResponse response = await rig.Client.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(request, 9);

        response.Topics.Select(t => t.Name).ShouldBe(["t", "nope", "t"]);
        response.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.Offset)).ShouldBe([(1, 0), (0, 1), (0, 2), (0, 1), (7, -1), (0, 0)]);
        response.Topics[2].Partitions.ShouldHaveSingleItem().Offset.ShouldBe(2);
    }

    private static async Task<(KafkaErrorCode Error, long Offset, long Timestamp)> FindAsync(KafkaRig rig, short version, long timestamp)
    {
        ListOffsetsResponse.Partition found = await AskAsync(rig, version, timestamp, -1);
        return (found.ErrorCode, found.Offset, found.Timestamp);
    }

    private static async Task<ListOffsetsResponse.Partition> AskAsync(KafkaRig rig, short version, long timestamp, int epoch) =>
        (await rig.Client.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(Request("t", [new() { Timestamp = timestamp, CurrentLeaderEpoch = epoch }]), version))
            .Topics.ShouldHaveSingleItem().Partitions.ShouldHaveSingleItem();

    private static ListOffsetsRequest Request(string topic, ListOffsetsRequest.Partition[] partitions, sbyte isolation = 0) =>
        new() { Topics = [new ListOffsetsRequest.Topic { Name = topic, Partitions = partitions }], IsolationLevel = isolation };
}
