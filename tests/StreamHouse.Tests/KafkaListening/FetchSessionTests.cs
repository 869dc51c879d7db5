using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class FetchSessionTests
{
    [Fact]
    public async Task Session_tells_only_what_is_new()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync("t", partitions: 3);
        await rig.Engine.AppendAsync(topic, "a");
        RawClient client = await rig.ConnectAsync();

        FetchResponse first = await client.FetchAsync(Full("t", 0, 1, 2));
        first.SessionId.ShouldBeGreaterThan(0);
        Told(first).ShouldBe(["t/0", "t/1", "t/2"]);

        FetchResponse second = await client.FetchAsync(Next(first, 1, Changed("t", 0, offset: 1)));
        second.SessionId.ShouldBe(first.SessionId);
        second.ErrorCode.ShouldBe(KafkaErrorCode.None);
        Told(second).ShouldBe([]);

        await rig.Engine.Append(topic, EngineRig.Batch(["b"]), partition: 1);
        FetchResponse third = await client.FetchAsync(Next(first, 2, wait: 10_000));
        Told(third).ShouldBe(["t/1"]);
        third.Responses[0].Partitions[0].Records!.Length.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Forgotten_partitions_are_not_read_any_more()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync("t", partitions: 2);
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("t", 0, 1));
        await rig.Engine.Append(topic, EngineRig.Batch(["a"]), partition: 0);
        await rig.Engine.Append(topic, EngineRig.Batch(["b"]), partition: 1);

        FetchRequest request = Next(first, 1);
        request.ForgottenTopicsData = [new FetchRequest.ForgottenTopic { Name = "t", Partitions = [0] }];

        Told(await client.FetchAsync(request)).ShouldBe(["t/1"]);
    }

    [Fact]
    public async Task Wrong_session_or_epoch_is_refused_and_a_new_session_can_begin()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("t", 0));

        (await client.FetchAsync(Next(first, 2))).ErrorCode.ShouldBe(KafkaErrorCode.InvalidFetchSessionEpoch);
        FetchRequest unknown = Next(first, 1);
        unknown.SessionId = first.SessionId == 1 ? 2 : first.SessionId - 1;
        (await client.FetchAsync(unknown)).ErrorCode.ShouldBe(KafkaErrorCode.FetchSessionIdNotFound);

        FetchRequest anew = Full("t", 0);
        anew.SessionId = first.SessionId;
        FetchResponse second = await client.FetchAsync(anew);
        second.ErrorCode.ShouldBe(KafkaErrorCode.None);
        second.SessionId.ShouldNotBe(first.SessionId);
        (await client.FetchAsync(Next(first, 1))).ErrorCode.ShouldBe(KafkaErrorCode.FetchSessionIdNotFound, "the old session is closed");
    }

    [Fact]
    public async Task Closed_session_is_gone()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("t", 0));

        FetchRequest close = Full("t");
        (close.SessionId, close.SessionEpoch) = (first.SessionId, -1);
        (await client.FetchAsync(close)).SessionId.ShouldBe(0);

        (await client.FetchAsync(Next(first, 1))).ErrorCode.ShouldBe(KafkaErrorCode.FetchSessionIdNotFound);
    }

    [Fact]
    public async Task Fetch_without_sessions_has_none()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        (await client.FetchAsync(RawClient.FetchOf("t", 0))).SessionId.ShouldBe(0);
    }

    [Fact]
    public async Task Names_and_ids_do_not_mix_in_a_session()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("t", 0), version: 12);

        (await client.FetchAsync(Next(first, 1), version: 13)).ErrorCode.ShouldBe(KafkaErrorCode.FetchSessionTopicIdError);
    }

    [Fact]
    public async Task Without_room_for_a_session_the_fetch_is_served_all_the_same()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { FetchSessionsMax = 1 });
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("t", 0));
        first.SessionId.ShouldBeGreaterThan(0);

        FetchResponse second = await client.FetchAsync(Full("t", 0));

        second.SessionId.ShouldBe(0);
        Told(second).ShouldBe(["t/0"]);
        Told(await client.FetchAsync(Next(first, 1))).ShouldBe([], "the session in use is not taken away");
    }

    [Fact]
    public async Task Error_is_told_again_until_it_ends()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        FetchResponse first = await client.FetchAsync(Full("later", 0));
        first.Responses[0].Partitions[0].ErrorCode.ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
        Told(await client.FetchAsync(Next(first, 1))).ShouldBe(["later/0"]);

        await rig.CreateTopicAsync("later");

        FetchResponse found = await client.FetchAsync(Next(first, 2));
        found.Responses[0].Partitions[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
        Told(await client.FetchAsync(Next(first, 3))).ShouldBe([]);
    }

    [Fact]
    public async Task Busy_partition_does_not_starve_the_others()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync("t", partitions: 2);
        for (int partition = 0; partition < 2; partition++)
        {
            (await rig.Engine.Append(topic, EngineRig.Batch([new string('x', 1000)]), partition)).BaseOffset.ShouldBe(0);
        }
        RawClient client = await rig.ConnectAsync();
        FetchRequest full = Full("t", 0, 1);
        full.MaxBytes = 1100;
        FetchResponse first = await client.FetchAsync(full);
        first.Responses[0].Partitions.Where(p => p.Records!.Length > 0).Select(p => p.PartitionIndex).ShouldBe([0]);

        // The client does not move on: the turn does.
        FetchRequest next = Next(first, 1);
        next.MaxBytes = 1100;
        Told(await client.FetchAsync(next)).ShouldBe(["t/1"]);
    }

    private static FetchRequest Full(string topic, params int[] partitions) => new()
    {
        MinBytes = 1,
        MaxBytes = 1 << 20,
        SessionEpoch = 0,
        Topics =
        [
            new FetchRequest.Topic
            {
                Name = topic,
                Partitions = [.. partitions.Select(p => new FetchRequest.Partition { PartitionIndex = p, PartitionMaxBytes = 1 << 20 })],
            },
        ],
    };

    private static FetchRequest Next(FetchResponse session, int epoch, FetchRequest.Topic? changed = null, int wait = 0) => new()
    {
        MaxWaitMs = wait,
        MinBytes = 1,
        MaxBytes = 1 << 20,
        SessionId = session.SessionId,
        SessionEpoch = epoch,
        Topics = changed is null ? [] : [changed],
    };

    private static FetchRequest.Topic Changed(string topic, int partition, long offset) => new()
    {
        Name = topic,
        Partitions = [new FetchRequest.Partition { PartitionIndex = partition, FetchOffset = offset, PartitionMaxBytes = 1 << 20 }],
    };

    private static IEnumerable<string> Told(FetchResponse response) =>
        response.Responses.SelectMany(t => t.Partitions.Select(p => $"{t.Name}/{p.PartitionIndex}"));
}
