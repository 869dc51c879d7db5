using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class LeaderEpochTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Each_epoch_ends_where_the_next_with_records_begins(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        await rig.Engine.AppendAsync(topic, "epoch 1", "epoch 1");
        await rig.RestartAsync();
        await rig.RestartAsync();
        await rig.Engine.AppendAsync(topic, "epoch 3");

        (await AskAsync(rig, version, 0)).ShouldBe((KafkaErrorCode.None, 0, 0));
        (await AskAsync(rig, version, 1)).ShouldBe((KafkaErrorCode.None, 1, 2));
        (await AskAsync(rig, version, 2)).ShouldBe((KafkaErrorCode.None, 1, 2));
        (await AskAsync(rig, version, 3)).ShouldBe((KafkaErrorCode.None, 3, 3));
        (await AskAsync(rig, version, 4)).ShouldBe((KafkaErrorCode.None, -1, -1));
        (await AskAsync(rig, version, -1)).ShouldBe((KafkaErrorCode.None, -1, -1));
    }

    [Fact]
    public async Task Epochs_are_known_from_objects_when_memory_has_them_no_more()
    {
        await using EngineRig engine = await EngineRig.StartAsync();
        TopicDescription topic = await engine.CreateTopicAsync("t");
        TopicPartition partition = new(topic.Id, 0);
        await engine.AppendAsync(topic, "a", "b");
        await engine.TierAsync(topic);
        await engine.RestartAsync();
        await engine.AppendAsync(topic, "c");
        await engine.TierAsync(topic);
        await engine.RestartAsync();
        engine.Status(topic).TailBytes.ShouldBe(0);

        (await engine.Broker.FindEpochEndAsync(partition, 1, CancellationToken.None)).ShouldBe(new EpochEnd(1, 2));
        (await engine.Broker.FindEpochEndAsync(partition, 2, CancellationToken.None)).ShouldBe(new EpochEnd(2, 3));
        (await engine.Broker.FindEpochEndAsync(partition, 3, CancellationToken.None)).ShouldBe(new EpochEnd(3, 3));
        (await engine.Broker.FindEpochEndAsync(partition, 4, CancellationToken.None)).ShouldBe(EpochEnd.Unknown);
    }

    [Fact]
    public async Task Epoch_that_lies_partly_in_objects_and_partly_in_memory_begins_in_objects()
    {
        await using EngineRig engine = await EngineRig.StartAsync();
        TopicDescription topic = await engine.CreateTopicAsync("t");
        TopicPartition partition = new(topic.Id, 0);
        await engine.RestartAsync();
        await engine.AppendAsync(topic, "tiered");
        await engine.TierAsync(topic);
        await engine.AppendAsync(topic, "in memory");
        await engine.RestartAsync();
        await engine.AppendAsync(topic, "epoch 3");

        (await engine.Broker.FindEpochEndAsync(partition, 1, CancellationToken.None)).ShouldBe(new EpochEnd(1, 0));
        (await engine.Broker.FindEpochEndAsync(partition, 2, CancellationToken.None)).ShouldBe(new EpochEnd(2, 2));
    }

    [Fact]
    public async Task Ends_of_the_log_are_told_with_the_epoch_of_the_record_there()
    {
        await using EngineRig engine = await EngineRig.StartAsync();
        TopicDescription topic = await engine.CreateTopicAsync("t");
        TopicPartition partition = new(topic.Id, 0);
        await engine.AppendAsync(topic, "epoch 1");
        await engine.RestartAsync();
        await FindAsync(OffsetQuery.Earliest, 0, 1);
        await engine.AppendAsync(topic, "epoch 2");
        await engine.TierAsync(topic);
        await engine.RestartAsync();
        // Nothing is in memory any more.
        await FindAsync(OffsetQuery.Earliest, 0, 1);
        await FindAsync(OffsetQuery.LatestTiered, 1, 2);
        await FindAsync(OffsetQuery.EarliestUntiered, 2, 3);
        await engine.AppendAsync(topic, "epoch 3");
        await engine.RestartAsync();

        await FindAsync(OffsetQuery.Earliest, 0, 1);
        await FindAsync(OffsetQuery.EarliestUntiered, 2, 3);
        await FindAsync(OffsetQuery.Latest, 3, 4);
        await engine.Broker.DeleteRecordsAsync(partition, 2, CancellationToken.None);
        await FindAsync(OffsetQuery.Earliest, 2, 3);

        async Task FindAsync(OffsetQuery query, long offset, long epoch) =>
            (await engine.Broker.FindOffsetAsync(partition, query, 0, ReadConsistency.Strong, CancellationToken.None)).ShouldBe(new OffsetResult(offset, -1, epoch), query.ToString());
    }

    [Fact]
    public async Task Records_that_nobody_may_see_yet_do_not_move_the_end()
    {
        await using EngineRig engine = await EngineRig.StartAsync();
        TopicDescription topic = await engine.CreateTopicAsync("t");
        await engine.AppendAsync(topic, "synced");
        engine.Log.Close();
        Task<AppendResult> waiting = engine.Append(topic, EngineRig.Batch(["not yet"]));

        (await engine.Broker.FindEpochEndAsync(new TopicPartition(topic.Id, 0), 1, CancellationToken.None)).ShouldBe(new EpochEnd(1, 1));

        engine.Log.Open();
        (await waiting).Error.ShouldBe(BrokerErrorCode.None);
        (await engine.Broker.FindEpochEndAsync(new TopicPartition(topic.Id, 0), 1, CancellationToken.None)).ShouldBe(new EpochEnd(1, 2));
    }

    [Theory]
    [InlineData(1, KafkaErrorCode.FencedLeaderEpoch)]
    [InlineData(3, KafkaErrorCode.UnknownLeaderEpoch)]
    [InlineData(2, KafkaErrorCode.None)]
    public async Task Leader_epoch_of_the_client_is_checked(int current, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.AppendAsync(await rig.Engine.CreateTopicAsync("t"), "a");
        await rig.RestartAsync();

        (await AskAsync(rig, 4, 1, current)).Error.ShouldBe(error);
    }

    [Theory]
    [InlineData("nope", 0)]
    [InlineData("t", 1)]
    [InlineData("t", -1)]
    public async Task Unknown_partition_is_told_as_such(string topic, int partition)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await AskAsync(rig, 4, 1, topic: topic, partition: partition)).ShouldBe((KafkaErrorCode.UnknownTopicOrPartition, -1, -1));
    }

    private static async Task<(KafkaErrorCode Error, int Epoch, long End)> AskAsync(
        KafkaRig rig, short version, int epoch, int current = -1, string topic = "t", int partition = 0)
    {
        OffsetForLeaderEpochResponse response = await rig.Client.CallAsync<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(
            new OffsetForLeaderEpochRequest
            {
                Topics =
                [
                    new OffsetForLeaderEpochRequest.Topic
                    {
                        Name = topic,
                        Partitions = [new OffsetForLeaderEpochRequest.Partition { PartitionIndex = partition, LeaderEpoch = epoch, CurrentLeaderEpoch = current }],
                    },
                ],
            }, version);
        OffsetForLeaderEpochResponse.Partition found = response.Topics.ShouldHaveSingleItem().Partitions.ShouldHaveSingleItem();
        return (found.ErrorCode, found.LeaderEpoch, found.EndOffset);
    }
}
