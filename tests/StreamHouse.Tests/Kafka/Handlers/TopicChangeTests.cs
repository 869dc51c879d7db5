using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

/// <summary>Deleting topics and records, adding partitions.</summary>
public sealed class TopicChangeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Topics_are_deleted_by_name(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("a");
        await rig.Engine.CreateTopicAsync("b");

        DeleteTopicsResponse response = await rig.Client.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(
            version >= 6
                ? new DeleteTopicsRequest { Topics = [new() { Name = "a" }, new() { Name = "nope" }] }
                : new DeleteTopicsRequest { TopicNames = ["a", "nope"] }, version);

        response.Responses.Select(t => (t.Name, t.ErrorCode)).ShouldBe([("a", KafkaErrorCode.None), ("nope", KafkaErrorCode.UnknownTopicOrPartition)]);
        rig.Broker.ListTopics().Select(t => t.Name).ShouldBe(["b"]);
    }

    [Fact]
    public async Task Topics_are_deleted_by_id_and_told_by_name()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("a");
        Guid unknown = Guid.NewGuid();

        DeleteTopicsResponse response = await rig.Client.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(
            new DeleteTopicsRequest
            {
                Topics = [new() { Name = null, TopicId = topic.Id.Value }, new() { Name = null, TopicId = unknown }, new() { Name = "a", TopicId = unknown }],
            }, 6);

        response.Responses.Select(t => (t.Name, t.TopicId, t.ErrorCode)).ShouldBe(
        [
            ("a", topic.Id.Value, KafkaErrorCode.None), (null, unknown, KafkaErrorCode.UnknownTopicId), ("a", unknown, KafkaErrorCode.InvalidRequest),
        ]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Partitions_are_added_and_ready(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");

        (await AddAsync(rig, "t", 3, version: version)).ErrorCode.ShouldBe(KafkaErrorCode.None);

        rig.Broker.DescribePartitions(topic.Id).Count.ShouldBe(3);
    }

    [Theory]
    [InlineData("nope", 2, KafkaErrorCode.UnknownTopicOrPartition)]
    [InlineData("t", 2, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", 1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", 0, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", -1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", int.MaxValue, KafkaErrorCode.InvalidPartitions)]
    public async Task Bad_number_of_partitions_is_refused_in_earnest_and_in_validation(string topic, int count, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", partitions: 2);

        foreach (bool validateOnly in new[] { true, false })
        {
            CreatePartitionsResponse.Result answer = await AddAsync(rig, topic, count, validateOnly);
            answer.ErrorCode.ShouldBe(error);
            answer.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
        }
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(2);
    }

    [Fact]
    public async Task Validation_adds_no_partitions_and_assignments_must_fit()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await AddAsync(rig, "t", 3, validateOnly: true)).ErrorCode.ShouldBe(KafkaErrorCode.None);
        (await AddAsync(rig, "t", 3, brokers: [1])).ErrorCode.ShouldBe(KafkaErrorCode.InvalidReplicaAssignment);
        (await AddAsync(rig, "t", 3, brokers: [1, 2])).ErrorCode.ShouldBe(KafkaErrorCode.InvalidReplicaAssignment);
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(1);

        (await AddAsync(rig, "t", 3, brokers: [1, 1])).ErrorCode.ShouldBe(KafkaErrorCode.None);
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(3);
    }

    [Fact]
    public async Task Topic_named_twice_is_refused_once_and_keeps_its_partitions()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        CreatePartitionsResponse response = await rig.Client.CallAsync<CreatePartitionsRequest, CreatePartitionsResponse>(
            new CreatePartitionsRequest { Topics = [new() { Name = "t", Count = 2 }, new() { Name = "t", Count = 3 }], TimeoutMs = 1000 }, 3);

        response.Results.ShouldHaveSingleItem().ErrorCode.ShouldBe(KafkaErrorCode.InvalidRequest);
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Records_are_deleted_up_to_an_offset_or_to_the_end(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        await rig.Engine.AppendAsync(topic, "a", "b", "c");

        (await DeleteAsync(rig, version, (0, 2))).ShouldBe([(0, 2, KafkaErrorCode.None)]);
        (await rig.Engine.ReadAllAsync(topic, 2)).ShouldBe(["2:c"]);
        (await DeleteAsync(rig, version, (0, 1))).ShouldBe([(0, 2, KafkaErrorCode.None)]);
        (await DeleteAsync(rig, version, (0, -1))).ShouldBe([(0, 3, KafkaErrorCode.None)]);
        rig.Engine.Status(topic).LogStartOffset.ShouldBe(3);
    }

    [Fact]
    public async Task Records_that_are_not_there_cannot_be_deleted()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        await rig.Engine.AppendAsync(topic, "a");

        (await DeleteAsync(rig, 2, (0, 2), (0, -2), (1, 0), (-1, 0), (0, 1))).ShouldBe(
        [
            (0, -1, KafkaErrorCode.OffsetOutOfRange), (0, -1, KafkaErrorCode.OffsetOutOfRange), (1, -1, KafkaErrorCode.UnknownTopicOrPartition),
            (-1, -1, KafkaErrorCode.UnknownTopicOrPartition), (0, 1, KafkaErrorCode.None),
        ]);
    }

    [Fact]
    public async Task Deletion_that_cannot_end_in_time_says_so()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.Engine.CreateTopicAsync("t"), "a");
        rig.Engine.Objects.Close();

        (await DeleteAsync(rig, 2, timeoutMs: 50, (0, 1))).ShouldBe([(0, -1, KafkaErrorCode.RequestTimedOut)]);

        rig.Engine.Objects.Open();
    }

    [Fact]
    public async Task Deletion_that_is_given_no_time_is_done_nevertheless()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.Engine.CreateTopicAsync("t"), "a");

        (await DeleteAsync(rig, 2, timeoutMs: 0, (0, 1))).ShouldBe([(0, 1, KafkaErrorCode.None)]);
    }

    private static async Task<CreatePartitionsResponse.Result> AddAsync(
        KafkaRig rig, string topic, int count, bool validateOnly = false, int[]? brokers = null, short version = 3)
    {
        CreatePartitionsResponse response = await rig.Client.CallAsync<CreatePartitionsRequest, CreatePartitionsResponse>(
            new CreatePartitionsRequest
            {
                Topics =
                [
                    new()
                    {
                        Name = topic, Count = count, Assignments = brokers?.Select(b => new CreatePartitionsRequest.Assignment { BrokerIds = [b] }).ToArray(),
                    },
                ],
                TimeoutMs = 1000,
                ValidateOnly = validateOnly,
            }, version);
        return response.Results.ShouldHaveSingleItem();
    }

    private static Task<(int Partition, long LogStart, KafkaErrorCode Error)[]> DeleteAsync(KafkaRig rig, short version, params (int Partition, long Offset)[] partitions) =>
        DeleteAsync(rig, version, 20_000, partitions);

    private static async Task<(int Partition, long LogStart, KafkaErrorCode Error)[]> DeleteAsync(
        KafkaRig rig, short version, int timeoutMs, params (int Partition, long Offset)[] partitions)
    {
        DeleteRecordsResponse response = await rig.Client.CallAsync<DeleteRecordsRequest, DeleteRecordsResponse>(
            new DeleteRecordsRequest
            {
                Topics = [new() { Name = "t", Partitions = [.. partitions.Select(p => new DeleteRecordsRequest.Partition { PartitionIndex = p.Partition, Offset = p.Offset })] }],
                TimeoutMs = timeoutMs,
            }, version);
        return [.. response.Topics.ShouldHaveSingleItem().Partitions.Select(p => (p.PartitionIndex, p.LowWatermark, p.ErrorCode))];
    }
}
