using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class CreateTopicsTests
{
    public static TheoryData<short> Versions => [.. Enumerable.Range(2, 6).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_creates_a_topic_that_is_ready(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic created = await CreateAsync(rig, Topic("t", 3, 1), version);

        (created.Name, created.ErrorCode, created.ErrorMessage).ShouldBe(("t", KafkaErrorCode.None, null));
        TopicDescription topic = rig.Broker.FindTopic("t")!;
        topic.Partitions.ShouldBe(3);
        (created.NumPartitions, created.ReplicationFactor).ShouldBe(version >= 5 ? (3, (short)1) : (-1, (short)-1));
        created.TopicId.ShouldBe(version >= 7 ? topic.Id.Value : Guid.Empty);
        (await rig.Engine.AppendAsync(topic, "at once")).ShouldBe(0);
    }

    [Theory]
    [InlineData(-1, -1, 4)]
    [InlineData(2, 3, 2)]
    [InlineData(1, short.MaxValue, 1)]
    public async Task Defaults_are_the_servers_and_replication_is_clamped(int partitions, short factor, int created)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic answer = await CreateAsync(rig, Topic("t", partitions, factor));

        (answer.ErrorCode, answer.NumPartitions, answer.ReplicationFactor).ShouldBe((KafkaErrorCode.None, created, (short)1));
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(created);
    }

    [Theory]
    [InlineData("t", 0, 1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", -2, 1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", int.MinValue, 1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", int.MaxValue, 1, KafkaErrorCode.InvalidPartitions)]
    [InlineData("t", 1, 0, KafkaErrorCode.InvalidReplicationFactor)]
    [InlineData("t", 1, -2, KafkaErrorCode.InvalidReplicationFactor)]
    [InlineData("", 1, 1, KafkaErrorCode.InvalidTopicException)]
    [InlineData("a/b", 1, 1, KafkaErrorCode.InvalidTopicException)]
    [InlineData("taken", 1, 1, KafkaErrorCode.TopicAlreadyExists)]
    public async Task Bad_input_is_refused_with_a_reason_and_leaves_nothing(string name, int partitions, short factor, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("taken");

        foreach (bool validateOnly in new[] { true, false })
        {
            CreateTopicsResponse.Topic answer = await CreateAsync(rig, Topic(name, partitions, factor), validateOnly: validateOnly);

            answer.ErrorCode.ShouldBe(error);
            answer.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
        }
        rig.Broker.ListTopics().Select(t => t.Name).ShouldBe(["taken"]);
    }

    [Fact]
    public async Task One_bad_topic_does_not_fail_the_others_and_a_repeated_one_is_refused_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse response = await rig.Client.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [Topic("a", 1, 1), Topic("twice", 1, 1), Topic("b b", 1, 1), Topic("twice", 2, 1), Topic("c", 1, 1)] }, 7);

        response.Topics.Select(t => (t.Name, t.ErrorCode)).ShouldBe(
        [
            ("a", KafkaErrorCode.None), ("twice", KafkaErrorCode.InvalidRequest), ("b b", KafkaErrorCode.InvalidTopicException), ("c", KafkaErrorCode.None),
        ]);
        rig.Broker.ListTopics().Select(t => t.Name).ShouldBe(["a", "c"]);
    }

    [Fact]
    public async Task Validation_tells_what_would_be_and_creates_nothing()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic answer = await CreateAsync(rig, Topic("t", -1, -1, ("retention.ms", "1000")), validateOnly: true);

        (answer.ErrorCode, answer.NumPartitions).ShouldBe((KafkaErrorCode.None, 4));
        answer.Configs!.Single(c => c.Name == "retention.ms").Value.ShouldBe("1000");
        rig.Broker.ListTopics().ShouldBeEmpty();
    }

    [Fact]
    public async Task Settings_are_kept_and_told_with_their_sources()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic created = await CreateAsync(
            rig, Topic("t", 1, 3, ("retention.ms", "1000"), ("cleanup.policy", "delete"), ("min.insync.replicas", "1"), ("streamhouse.durability", "object")));

        created.ErrorCode.ShouldBe(KafkaErrorCode.None, created.ErrorMessage);
        TopicDescription topic = rig.Broker.FindTopic("t")!;
        (topic.Config.RetentionMs, topic.Durability).ShouldBe((1000, Durability.Object));
        created.Configs!.Single(c => c.Name == "retention.ms").ConfigSource.ShouldBe((sbyte)1);
        created.Configs!.Single(c => c.Name == "max.message.bytes").ConfigSource.ShouldBe((sbyte)5);
        created.Configs!.Single(c => c.Name == "streamhouse.durability").Value.ShouldBe("object");
    }

    [Theory]
    [InlineData("compression.type", "gzip")]
    [InlineData("delete.retention.ms", "5000")]
    [InlineData("flush.messages", "1")]
    [InlineData("flush.ms", "12345678")]
    [InlineData("message.format.version", "2.8-IV1")]
    public async Task Setting_without_effect_is_kept_for_the_tool_that_gave_it(string name, string value)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic created = await CreateAsync(rig, Topic("t", 1, 1, (name, value)));

        created.ErrorCode.ShouldBe(KafkaErrorCode.None, created.ErrorMessage);
        created.Configs!.Single(c => c.Name == name).ShouldSatisfyAllConditions(c => c.Value.ShouldBe(value), c => c.ConfigSource.ShouldBe((sbyte)1));
    }

    [Theory]
    [InlineData("flush.ms", "-1", "whole number")]
    [InlineData("flush.messages", "0", "whole number")]
    [InlineData("cleanup.policy", "compact", "only 'delete'")]
    [InlineData("cleanup.policy", "compact,delete", "only 'delete'")]
    [InlineData("retention.ms", "soon", "whole number")]
    [InlineData("retention.ms", "-2", "whole number")]
    [InlineData("max.message.bytes", "99999999999", "whole number")]
    [InlineData("message.timestamp.type", "Never", "CreateTime")]
    [InlineData("segment.bytes", "1048576", "only '1073741824'")]
    [InlineData("min.insync.replicas", "2", "only '1'")]
    [InlineData("no.such.setting", "1", "no.such.setting")]
    [InlineData("streamhouse.durability", "none", "local or object")]
    [InlineData("retention.ms", null, "no value")]
    public async Task Bad_setting_is_refused_by_name(string name, string? value, string reason)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic answer = await CreateAsync(rig, Topic("t", 1, 1, (name, value)));

        answer.ErrorCode.ShouldBe(KafkaErrorCode.InvalidConfig);
        answer.ErrorMessage!.ShouldContain(name);
        answer.ErrorMessage!.ShouldContain(reason);
        rig.Broker.ListTopics().ShouldBeEmpty();
    }

    [Fact]
    public async Task Partitions_assigned_to_the_only_broker_are_created()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        CreateTopicsResponse.Topic answer = await CreateAsync(rig, Assigned((1, [1]), (0, [1]), (2, [1])));

        answer.ErrorCode.ShouldBe(KafkaErrorCode.None, answer.ErrorMessage);
        rig.Broker.FindTopic("t")!.Partitions.ShouldBe(3);
    }

    public static TheoryData<string> BadAssignments => ["gap", "twice", "negative", "unknown broker", "no broker", "repeated broker", "with a number", "with a factor"];

    [Theory]
    [MemberData(nameof(BadAssignments))]
    public async Task Bad_assignment_is_refused(string wrong)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        CreateTopicsRequest.Topic topic = wrong switch
        {
            "gap" => Assigned((0, [1]), (2, [1])),
            "twice" => Assigned((0, [1]), (0, [1])),
            "negative" => Assigned((-1, [1]), (0, [1])),
            "unknown broker" => Assigned((0, [2])),
            "no broker" => Assigned((0, [])),
            "repeated broker" => Assigned((0, [1, 1])),
            _ => Assigned((0, [1])),
        };
        topic.NumPartitions = wrong == "with a number" ? 1 : -1;
        topic.ReplicationFactor = (short)(wrong == "with a factor" ? 1 : -1);

        CreateTopicsResponse.Topic answer = await CreateAsync(rig, topic);

        answer.ErrorCode.ShouldBe(wrong.StartsWith("with", StringComparison.Ordinal) ? KafkaErrorCode.InvalidRequest : KafkaErrorCode.InvalidReplicaAssignment);
        answer.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
        rig.Broker.ListTopics().ShouldBeEmpty();
    }

    private static CreateTopicsRequest.Topic Assigned(params (int Partition, int[] Brokers)[] assignments)
    {
        CreateTopicsRequest.Topic topic = Topic("t", -1, -1);
        topic.Assignments = [.. assignments.Select(a => new CreateTopicsRequest.Assignment { PartitionIndex = a.Partition, BrokerIds = a.Brokers })];
        return topic;
    }

    private static CreateTopicsRequest.Topic Topic(string name, int partitions, short factor, params (string Name, string? Value)[] settings) => new()
    {
        Name = name,
        NumPartitions = partitions,
        ReplicationFactor = factor,
        Configs = [.. settings.Select(s => new CreateTopicsRequest.Setting { Name = s.Name, Value = s.Value })],
    };

    private static async Task<CreateTopicsResponse.Topic> CreateAsync(KafkaRig rig, CreateTopicsRequest.Topic topic, short version = 7, bool validateOnly = false) =>
        (await rig.Client.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(new CreateTopicsRequest { Topics = [topic], ValidateOnly = validateOnly }, version))
            .Topics.ShouldHaveSingleItem();
}
