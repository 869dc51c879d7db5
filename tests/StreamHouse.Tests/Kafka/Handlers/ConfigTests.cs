using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class ConfigTests
{
    private const sbyte Topic = 2;
    private const sbyte Broker = 4;
    private const sbyte Set = 0;
    private const sbyte Reset = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Every_setting_of_a_topic_is_told_with_its_source(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", config: ("retention.ms", "5000"));

        DescribeConfigsResponse.Result result = await DescribeAsync(rig, Topic, "t", version: version);

        result.ErrorCode.ShouldBe(KafkaErrorCode.None);
        Dictionary<string, string?> values = result.Configs.ToDictionary(c => c.Name, c => c.Value);
        foreach ((string name, string value) in new[]
        {
            ("cleanup.policy", "delete"), ("retention.ms", "5000"), ("retention.bytes", "-1"), ("max.message.bytes", "1048588"),
            ("min.compaction.lag.ms", "0"), ("message.timestamp.type", "CreateTime"), ("segment.bytes", "1073741824"), ("min.insync.replicas", "1"),
            ("compression.type", "producer"), ("streamhouse.durability", "local"), ("unclean.leader.election.enable", "false"),
        })
        {
            values[name].ShouldBe(value, name);
        }
        result.Configs.Single(c => c.Name == "retention.ms").ConfigSource.ShouldBe((sbyte)1);
        result.Configs.Single(c => c.Name == "retention.bytes").ConfigSource.ShouldBe((sbyte)5);
        result.Configs.Single(c => c.Name == "retention.ms").ReadOnly.ShouldBeFalse();
        result.Configs.Single(c => c.Name == "segment.bytes").ReadOnly.ShouldBeTrue();
        result.Configs.Single(c => c.Name == "max.message.bytes").ConfigType.ShouldBe(version >= 3 ? (sbyte)3 : (sbyte)0);
    }

    [Fact]
    public async Task Every_setting_of_the_engine_is_told()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        TopicDescription topic = await rig.Engine.CreateTopicAsync("t");

        DescribeConfigsResponse.Result result = await DescribeAsync(rig, Topic, "t");

        topic.Config.Effective().Select(e => e.Key).ShouldBeSubsetOf(result.Configs.Select(c => c.Name));
        result.Configs.Select(c => c.Name).ShouldBe(result.Configs.Select(c => c.Name).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_wanted_settings_are_told_and_unknown_ones_left_out()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await DescribeAsync(rig, Topic, "t", ["retention.ms", "no.such.setting", "cleanup.policy"])).Configs.Select(c => c.Name)
            .ShouldBe(["cleanup.policy", "retention.ms"]);
        (await DescribeAsync(rig, Topic, "t", [])).Configs.ShouldBeEmpty();
    }

    [Fact]
    public async Task Synonyms_and_documentation_are_told_to_whoever_asks()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", config: ("retention.ms", "5000"));

        DescribeConfigsResponse.Setting plain = (await DescribeAsync(rig, Topic, "t", ["retention.ms"])).Configs.ShouldHaveSingleItem();
        DescribeConfigsResponse.Setting rich = (await DescribeAsync(rig, Topic, "t", ["retention.ms"], synonyms: true, documentation: true)).Configs.ShouldHaveSingleItem();

        plain.Synonyms.ShouldBeEmpty();
        plain.Documentation.ShouldBeNull();
        rich.Synonyms.Select(s => (s.Name, s.Value, s.Source)).ShouldBe([("retention.ms", "5000", 1), ("log.retention.ms", "604800000", 5)]);
        rich.Documentation.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task Broker_tells_what_tools_ask_for()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync(new KafkaOptions { NodeId = 7, AutoCreateTopics = false });

        DescribeConfigsResponse.Result result = await DescribeAsync(rig, Broker, "7");

        Dictionary<string, string?> values = result.Configs.ToDictionary(c => c.Name, c => c.Value);
        foreach ((string name, string value) in new[]
        {
            ("broker.id", "7"), ("auto.create.topics.enable", "false"), ("delete.topic.enable", "true"), ("num.partitions", "4"), ("default.replication.factor", "1"),
            ("message.max.bytes", "1048588"), ("log.retention.ms", "604800000"), ("log.cleanup.policy", "delete"), ("offsets.retention.minutes", "10080"),
            ("group.min.session.timeout.ms", "6000"),
        })
        {
            values[name].ShouldBe(value, name);
        }
        values["inter.broker.protocol.version"]!.ShouldStartWith("3.");
        result.Configs.ShouldAllBe(c => c.ReadOnly);
        (await DescribeAsync(rig, Broker, "")).ShouldSatisfyAllConditions(r => r.ErrorCode.ShouldBe(KafkaErrorCode.None), r => r.Configs.ShouldBeEmpty());
    }

    [Theory]
    [InlineData(Topic, "nope", KafkaErrorCode.UnknownTopicOrPartition)]
    [InlineData(Topic, "a b", KafkaErrorCode.InvalidTopicException)]
    [InlineData(Topic, "", KafkaErrorCode.InvalidTopicException)]
    [InlineData(Broker, "2", KafkaErrorCode.InvalidRequest)]
    [InlineData(Broker, "x", KafkaErrorCode.InvalidRequest)]
    [InlineData(0, "t", KafkaErrorCode.InvalidRequest)]
    [InlineData(8, "1", KafkaErrorCode.InvalidRequest)]
    [InlineData(-1, "t", KafkaErrorCode.InvalidRequest)]
    public async Task Unknown_resource_is_refused_with_a_reason(sbyte type, string name, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        DescribeConfigsResponse.Result result = await DescribeAsync(rig, type, name);

        (result.ErrorCode, result.ResourceType, result.ResourceName).ShouldBe((error, type, name));
        result.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
        result.Configs.ShouldBeEmpty();
    }

    [Fact]
    public async Task Resource_asked_for_many_times_is_told_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        DescribeConfigsResponse response = await rig.Client.CallAsync<DescribeConfigsRequest, DescribeConfigsResponse>(
            new DescribeConfigsRequest { Resources = [.. Enumerable.Repeat(new DescribeConfigsRequest.Resource { ResourceType = Topic, ResourceName = "t" }, 10_000)] }, 4);

        response.Results.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Single_settings_are_changed_and_the_others_stay(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", config: [("retention.ms", "5000"), ("retention.bytes", "10")]);

        (await ChangeAsync(rig, version, ("max.message.bytes", Set, "2048"), ("retention.bytes", Reset, null), ("segment.bytes", Reset, null))).Error
            .ShouldBe(KafkaErrorCode.None);

        TopicConfig config = rig.Broker.FindTopic("t")!.Config;
        (config.MaxMessageBytes, config.RetentionBytes, config.RetentionMs).ShouldBe((2048, -1, 5000));
        config.Overrides.Keys.ShouldBe(["max.message.bytes", "retention.ms"]);
    }

    [Fact]
    public async Task Lists_take_values_that_fit()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await ChangeAsync(rig, 1, ("cleanup.policy", Append, "delete"))).Error.ShouldBe(KafkaErrorCode.None);
        (await ChangeAsync(rig, 1, ("cleanup.policy", Subtract, "compact"))).Error.ShouldBe(KafkaErrorCode.None);
        (await ChangeAsync(rig, 1, ("cleanup.policy", Append, "compact"))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        (await ChangeAsync(rig, 1, ("cleanup.policy", Subtract, "delete"))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        (await ChangeAsync(rig, 1, ("retention.ms", Append, "1"))).ShouldSatisfyAllConditions(
            r => r.Error.ShouldBe(KafkaErrorCode.InvalidConfig), r => r.Message!.ShouldContain("no list"));
        rig.Broker.FindTopic("t")!.Config.Effective().Single(e => e.Key == "cleanup.policy").Value.ShouldBe("delete");
    }

    public static TheoryData<string, sbyte, string?, KafkaErrorCode> BadChanges => new()
    {
        { "cleanup.policy", Set, "compact", KafkaErrorCode.InvalidConfig },
        { "retention.ms", Set, "x", KafkaErrorCode.InvalidConfig },
        { "retention.ms", Set, null, KafkaErrorCode.InvalidConfig },
        { "no.such.setting", Set, "1", KafkaErrorCode.InvalidConfig },
        { "no.such.setting", Reset, null, KafkaErrorCode.InvalidConfig },
        { "no.such.setting", Append, "1", KafkaErrorCode.InvalidConfig },
        { "segment.ms", Set, "1", KafkaErrorCode.InvalidConfig },
        { "streamhouse.durability", Set, "object", KafkaErrorCode.InvalidConfig },
        { "streamhouse.durability", Append, "object", KafkaErrorCode.InvalidConfig },
        { "retention.ms", 4, "1", KafkaErrorCode.InvalidRequest },
        { "retention.ms", -1, "1", KafkaErrorCode.InvalidRequest },
    };

    [Theory]
    [MemberData(nameof(BadChanges))]
    public async Task Bad_change_is_refused_by_name_and_so_are_those_beside_it(string name, sbyte operation, string? value, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (KafkaErrorCode Error, string? Message) answer = await ChangeAsync(rig, 1, ("max.message.bytes", Set, "2048"), (name, operation, value));

        answer.Error.ShouldBe(error);
        answer.Message!.ShouldContain(error == KafkaErrorCode.InvalidConfig ? name : "operation");
        rig.Broker.FindTopic("t")!.Config.Overrides.ShouldBeEmpty();
    }

    [Fact]
    public async Task Setting_changed_twice_in_a_request_is_refused()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await ChangeAsync(rig, 1, ("retention.ms", Set, "1"), ("retention.ms", Reset, null))).Error.ShouldBe(KafkaErrorCode.InvalidRequest);
    }

    [Fact]
    public async Task Values_that_are_in_force_anyway_can_be_set()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await ChangeAsync(rig, 1, ("streamhouse.durability", Set, "local"), ("min.insync.replicas", Set, "1"), ("cleanup.policy", Set, "delete"))).Error
            .ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Validation_changes_nothing()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        (await ChangeAsync(rig, 1, validateOnly: true, ("retention.ms", Set, "1"))).Error.ShouldBe(KafkaErrorCode.None);
        (await ChangeAsync(rig, 1, validateOnly: true, ("retention.ms", Set, "x"))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        (await ReplaceAsync(rig, 2, validateOnly: true, ("retention.ms", "1"))).Error.ShouldBe(KafkaErrorCode.None);

        rig.Broker.FindTopic("t")!.Config.Overrides.ShouldBeEmpty();
    }

    [Fact]
    public async Task Changes_at_the_same_time_do_not_undo_each_other()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");
        KafkaTestClient[] clients = [.. Enumerable.Range(0, 3).Select(_ => rig.Connect())];
        string[] names = ["retention.ms", "retention.bytes", "max.message.bytes"];

        for (int round = 0; round < 20; round++)
        {
            await Task.WhenAll(names.Select((n, i) => ChangeAsync(clients[i], 1, false, (n, Set, $"{5000 + round}"))));
            rig.Broker.FindTopic("t")!.Config.Overrides.Values.ShouldBe([$"{5000 + round}", $"{5000 + round}", $"{5000 + round}"]);
        }
        Array.ForEach(clients, c => c.Dispose());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task All_settings_are_replaced(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t", config: ("retention.ms", "5000"));

        (await ReplaceAsync(rig, version, false, ("retention.bytes", "10"), ("streamhouse.durability", "local"))).Error.ShouldBe(KafkaErrorCode.None);
        rig.Broker.FindTopic("t")!.Config.Overrides.ShouldBe([KeyValuePair.Create("retention.bytes", "10")]);

        (await ReplaceAsync(rig, version, false, ("retention.ms", "x"))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        (await ReplaceAsync(rig, version, false, ("retention.ms", null))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        (await ReplaceAsync(rig, version, false, ("streamhouse.durability", "object"))).Error.ShouldBe(KafkaErrorCode.InvalidConfig);
        rig.Broker.FindTopic("t")!.Config.Overrides.ShouldBe([KeyValuePair.Create("retention.bytes", "10")]);
    }

    [Theory]
    [InlineData(Broker, "1", KafkaErrorCode.InvalidRequest)]
    [InlineData(Broker, "", KafkaErrorCode.InvalidRequest)]
    [InlineData(Topic, "nope", KafkaErrorCode.UnknownTopicOrPartition)]
    [InlineData(8, "1", KafkaErrorCode.InvalidRequest)]
    public async Task What_is_no_topic_cannot_be_changed(sbyte type, string name, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        IncrementalAlterConfigsResponse.Resource single = (await rig.Client.CallAsync<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = name }] }, 1)).Responses.ShouldHaveSingleItem();
        AlterConfigsResponse.Resource whole = (await rig.Client.CallAsync<AlterConfigsRequest, AlterConfigsResponse>(
            new AlterConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = name }] }, 2)).Responses.ShouldHaveSingleItem();

        (single.ErrorCode, single.ResourceType, single.ResourceName).ShouldBe((error, type, name));
        (whole.ErrorCode, whole.ResourceType, whole.ResourceName).ShouldBe((error, type, name));
        single.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task Topic_named_twice_is_refused_once()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await rig.Engine.CreateTopicAsync("t");

        IncrementalAlterConfigsResponse response = await rig.Client.CallAsync<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = Topic, ResourceName = "t" }, new() { ResourceType = Topic, ResourceName = "t" }] }, 1);

        response.Responses.ShouldHaveSingleItem().ErrorCode.ShouldBe(KafkaErrorCode.InvalidRequest);
    }

    [Fact]
    public void Kafkas_settings_and_the_engines_do_not_contradict_each_other()
    {
        foreach ((string name, _) in TopicConfig.Default.Effective())
        {
            StreamHouse.Server.Kafka.Configs.TopicSetting.Find(name)!.Only.ShouldBeNull(name);
        }
        foreach (StreamHouse.Server.Kafka.Configs.TopicSetting setting in StreamHouse.Server.Kafka.Configs.TopicSetting.All.Where(s => s.Only is not null))
        {
            Should.Throw<BrokerException>(() => TopicConfig.Default.With(setting.Name, setting.Only!)).Code.ShouldBe(BrokerErrorCode.InvalidConfig, setting.Name);
        }
    }

    private static async Task<DescribeConfigsResponse.Result> DescribeAsync(
        KafkaRig rig, sbyte type, string name, string[]? keys = null, short version = 4, bool synonyms = false, bool documentation = false) =>
        (await rig.Client.CallAsync<DescribeConfigsRequest, DescribeConfigsResponse>(
            new DescribeConfigsRequest
            {
                Resources = [new() { ResourceType = type, ResourceName = name, ConfigurationKeys = keys }],
                IncludeSynonyms = synonyms,
                IncludeDocumentation = documentation,
            }, version)).Results.ShouldHaveSingleItem();

    private static Task<(KafkaErrorCode Error, string? Message)> ChangeAsync(KafkaRig rig, short version, params (string, sbyte, string?)[] changes) =>
        ChangeAsync(rig.Client, version, false, changes);

    private static Task<(KafkaErrorCode Error, string? Message)> ChangeAsync(
        KafkaRig rig, short version, bool validateOnly, params (string, sbyte, string?)[] changes) => ChangeAsync(rig.Client, version, validateOnly, changes);

    private static async Task<(KafkaErrorCode Error, string? Message)> ChangeAsync(
        KafkaTestClient client, short version, bool validateOnly, params (string Name, sbyte Operation, string? Value)[] changes)
    {
        IncrementalAlterConfigsResponse response = await client.CallAsync<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
            new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new()
                    {
                        ResourceType = Topic,
                        ResourceName = "t",
                        Configs = [.. changes.Select(c => new IncrementalAlterConfigsRequest.Setting { Name = c.Name, ConfigOperation = c.Operation, Value = c.Value })],
                    },
                ],
                ValidateOnly = validateOnly,
            }, version);
        IncrementalAlterConfigsResponse.Resource answer = response.Responses.ShouldHaveSingleItem();
        return (answer.ErrorCode, answer.ErrorMessage);
    }

    private static async Task<(KafkaErrorCode Error, string? Message)> ReplaceAsync(
        KafkaRig rig, short version, bool validateOnly, params (string Name, string? Value)[] settings)
    {
        AlterConfigsResponse response = await rig.Client.CallAsync<AlterConfigsRequest, AlterConfigsResponse>(
            new AlterConfigsRequest
            {
                Resources = [new() { ResourceType = Topic, ResourceName = "t", Configs = [.. settings.Select(s => new AlterConfigsRequest.Setting { Name = s.Name, Value = s.Value })] }],
                ValidateOnly = validateOnly,
            }, version);
        AlterConfigsResponse.Resource answer = response.Responses.ShouldHaveSingleItem();
        return (answer.ErrorCode, answer.ErrorMessage);
    }
}
