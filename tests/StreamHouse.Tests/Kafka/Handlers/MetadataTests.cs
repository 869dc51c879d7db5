using System.Diagnostics;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Tests.Engine;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class MetadataTests
{
    public static TheoryData<short> Versions => [.. Enumerable.Range(0, 13).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_describes_a_topic_and_the_only_broker(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t", partitions: 3);

        MetadataResponse response = await AskAsync(rig.Client, version, "t");

        MetadataResponse.Broker broker = response.Brokers.ShouldHaveSingleItem();
        (broker.NodeId, broker.Host, broker.Port).ShouldBe((1, "127.0.0.1", rig.Port));
        MetadataResponse.Topic described = response.Topics.ShouldHaveSingleItem();
        (described.Name, described.ErrorCode, described.Partitions.Length).ShouldBe(("t", KafkaErrorCode.None, 3));
        described.Partitions.Select(p => p.PartitionIndex).ShouldBe([0, 1, 2]);
        described.Partitions.ShouldAllBe(p => p.LeaderId == 1 && p.ReplicaNodes.SequenceEqual(new[] { 1 }) && p.IsrNodes.SequenceEqual(new[] { 1 }));
        if (version >= 1)
        {
            response.ControllerId.ShouldBe(1);
        }
        if (version >= 2)
        {
            response.ClusterId!.Length.ShouldBe(22);
        }
        described.Partitions.ShouldAllBe(p => p.LeaderEpoch == (version >= 7 ? 1 : -1));
        described.TopicId.ShouldBe(version >= 10 ? topic.Id.Value : Guid.Empty);
    }

    [Fact]
    public async Task Leader_epoch_is_the_lease_epoch_and_grows_with_each_start()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        await rig.RestartAsync();

        MetadataResponse response = await AskAsync(rig.Client, 12, "t");
        response.Topics[0].Partitions[0].LeaderEpoch.ShouldBe(2);
    }

    [Fact]
    public async Task All_topics_are_told_to_null_and_to_the_empty_list_of_version_0_only()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("a");
        await rig.Engine.CreateTopicAsync("b");

        (await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 0)).Topics.Length.ShouldBe(2);
        (await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 1)).Topics.ShouldBeEmpty();
        (await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 1)).Topics.Select(t => t.Name).ShouldBe(["a", "b"]);
        (await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 12)).Topics.Select(t => t.Name).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Unknown_topic_is_created_with_four_partitions_and_ready_when_it_is_answered()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        MetadataResponse.Topic created = (await AskAsync(rig.Client, 4, "new")).Topics.ShouldHaveSingleItem();

        (created.ErrorCode, created.Partitions.Length).ShouldBe((KafkaErrorCode.None, 4));
        created.Partitions.ShouldAllBe(p => p.LeaderId == 1 && p.ErrorCode == KafkaErrorCode.None);
        (await rig.Engine.AppendAsync(rig.Broker.FindTopic("new")!, "at once")).ShouldBe(0);
    }

    [Fact]
    public async Task Deleted_topic_loses_its_leaders_before_it_is_unknown()
    {
        ManualTimeProvider clock = new();
        await using KafkaRig rig = await KafkaRig.StartAsync(new KafkaOptions { AutoCreateTopics = false }, clock: clock);
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t", partitions: 2);
        await rig.Broker.DeleteTopicAsync(topic.Id, CancellationToken.None);

        MetadataResponse.Topic leaving = (await AskAsync(rig.Client, 12, "t")).Topics.ShouldHaveSingleItem();
        MetadataResponse all = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 12);
        clock.Advance(TimeSpan.FromSeconds(2));
        MetadataResponse.Topic gone = (await AskAsync(rig.Client, 12, "t")).Topics.ShouldHaveSingleItem();

        (leaving.ErrorCode, leaving.TopicId, leaving.Partitions.Length).ShouldBe((KafkaErrorCode.None, topic.Id.Value, 2));
        leaving.Partitions.ShouldAllBe(p => p.LeaderId == -1 && p.ErrorCode == KafkaErrorCode.LeaderNotAvailable);
        all.Topics.ShouldBeEmpty();
        (gone.ErrorCode, gone.Partitions.Length).ShouldBe((KafkaErrorCode.UnknownTopicOrPartition, 0));
    }

    [Fact]
    public async Task Topic_made_anew_hides_the_deleted_one_at_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription first = await rig.Engine.CreateTopicAsync("t", partitions: 2);
        await rig.Broker.DeleteTopicAsync(first.Id, CancellationToken.None);
        TopicDescription second = await rig.Engine.CreateTopicAsync("t", partitions: 3);

        MetadataResponse.Topic told = (await AskAsync(rig.Client, 12, "t")).Topics.ShouldHaveSingleItem();

        (told.TopicId, told.Partitions.Length).ShouldBe((second.Id.Value, 3));
        told.Partitions.ShouldAllBe(p => p.LeaderId == 1);
    }

    [Fact]
    public async Task Concurrent_first_uses_create_one_topic()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        KafkaTestClient[] clients = [.. Enumerable.Range(0, 8).Select(_ => rig.Connect())];

        MetadataResponse[] answers = await Task.WhenAll(clients.Select(c => AskAsync(c, 12, "new")));

        answers.SelectMany(a => a.Topics).ShouldAllBe(t => t.ErrorCode == KafkaErrorCode.None && t.Partitions.Length == 4);
        answers.Select(a => a.Topics[0].TopicId).Distinct().ShouldHaveSingleItem();
        rig.Broker.ListTopics().Count.ShouldBe(1);
        Array.ForEach(clients, c => c.Dispose());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Nothing_is_created_when_the_server_or_the_request_forbids_it(bool server, bool request)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync(new KafkaOptions { AutoCreateTopics = server });

        MetadataResponse response = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest { Topics = [new MetadataRequest.Topic { Name = "new" }], AllowAutoTopicCreation = request }, 9);

        response.Topics.ShouldHaveSingleItem().ErrorCode.ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
        rig.Broker.ListTopics().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("ü")]
    [InlineData("250")]
    public async Task Invalid_name_is_told_as_such_and_fails_no_other_topic(string name)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        string invalid = name == "250" ? new string('a', 250) : name;

        MetadataResponse response = await AskAsync(rig.Client, 12, "good", invalid);

        response.Topics.Select(t => (t.Name, t.ErrorCode)).ShouldBe([("good", KafkaErrorCode.None), (invalid, KafkaErrorCode.InvalidTopicException)]);
        rig.Broker.ListTopics().Select(t => t.Name).ShouldBe(["good"]);
    }

    [Fact]
    public async Task Topics_are_found_by_id_and_an_unknown_id_creates_nothing()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");
        Guid unknown = Guid.NewGuid();

        MetadataResponse response = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest
            {
                Topics = [new MetadataRequest.Topic { Name = null, TopicId = topic.Id.Value }, new MetadataRequest.Topic { Name = null, TopicId = unknown }],
            }, 12);

        response.Topics.Select(t => (t.Name, t.TopicId, t.ErrorCode))
            .ShouldBe([("t", topic.Id.Value, KafkaErrorCode.None), (null, unknown, KafkaErrorCode.UnknownTopicId)]);
    }

    [Fact]
    public async Task Topic_named_many_times_is_told_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        MetadataResponse response = await AskAsync(rig.Client, 9, [.. Enumerable.Repeat("t", 10_000)]);

        response.Topics.ShouldHaveSingleItem().Name.ShouldBe("t");
    }

    [Fact]
    public async Task Operations_are_told_to_whoever_asks()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        MetadataResponse asked = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest { Topics = null, IncludeTopicAuthorizedOperations = true, IncludeClusterAuthorizedOperations = true }, 8);
        MetadataResponse other = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 8);

        asked.Topics[0].TopicAuthorizedOperations.ShouldBe(0b1101_1111_1000);
        asked.ClusterAuthorizedOperations.ShouldBe(0b1_1111_1010_0000);
        (other.Topics[0].TopicAuthorizedOperations, other.ClusterAuthorizedOperations).ShouldBe((int.MinValue, int.MinValue));
    }

    [Fact]
    public async Task More_partitions_than_the_server_may_have_are_refused_and_the_rest_goes_on()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync(engine: EngineRig.Options with { Topics = new TopicOptions { PartitionsMax = 10 } });

        MetadataResponse response = await AskAsync(rig.Client, 9, "a", "b", "c");

        response.Topics.Select(t => t.ErrorCode).ShouldBe([KafkaErrorCode.None, KafkaErrorCode.None, KafkaErrorCode.InvalidPartitions]);
    }

    [Fact]
    public async Task Ten_thousand_partitions_are_told_in_less_than_100_ms()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        for (int i = 0; i < 10; i++)
        {
            await rig.Engine.CreateTopicAsync($"t{i}", partitions: 1000);
        }
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            long began = Stopwatch.GetTimestamp();
            MetadataResponse response = await rig.Client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 12);
            TimeSpan taken = Stopwatch.GetElapsedTime(began);
            response.Topics.Sum(t => t.Partitions.Length).ShouldBe(10_000);
            best = taken < best ? taken : best;
        }
        // The fastest of ten: others use the machine too.
        best.ShouldBeLessThan(TimeSpan.FromMilliseconds(100));
    }

    private static Task<MetadataResponse> AskAsync(KafkaTestClient client, short version, params string[] topics) =>
        client.CallAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest { Topics = [.. topics.Select(t => new MetadataRequest.Topic { Name = t })] }, version);
}
