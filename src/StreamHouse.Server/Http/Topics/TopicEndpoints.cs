using System.Collections.Immutable;
using System.Text.Json;
using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Topics;

/// <summary>Topics: create, list, describe, alter, delete.</summary>
internal static class TopicEndpoints
{
    public static void MapTopics(this RouteGroupBuilder api)
    {
        api.MapGet("/topics", List).WithSummary("Lists the topics in name order.").Produces<TopicList>();
        api.MapPost("/topics", CreateAsync).WithSummary("Creates a topic; it is ready for use when the answer comes.")
            .Accepts<CreateTopic>("application/json").Produces<TopicDetails>(StatusCodes.Status201Created);
        api.MapGet("/topics/{topic}", Get).WithSummary("Describes a topic, its settings and its partitions.").Produces<TopicDetails>();
        api.MapPatch("/topics/{topic}", AlterAsync).WithSummary("Changes settings, or raises the number of partitions.")
            .Accepts<AlterTopic>("application/json").Produces<TopicDetails>();
        api.MapDelete("/topics/{topic}", DeleteAsync).WithSummary("Deletes a topic and its data.").Produces(StatusCodes.Status204NoContent);
    }

    private static IResult List(IBroker broker) =>
        Results.Json(new TopicList([.. broker.ListTopics().Select(Summarize)]), HttpJson.Default.TopicList);

    private static async Task<IResult> CreateAsync(HttpContext context, IBroker broker)
    {
        CreateTopic body = await JsonBody.ReadAsync(context, HttpJson.Default.CreateTopic);
        TopicName.ThrowIfInvalid(body.Name);
        TopicConfig config = TopicConfig.Parse((body.Config ?? ImmutableDictionary<string, JsonElement>.Empty)
            .Select(setting => KeyValuePair.Create(setting.Key, SettingText(setting.Key, setting.Value))));
        TopicDescription topic = await broker.CreateTopicAsync(
            body.Name, body.Partitions, ParseDurability(body.Durability), config, context.RequestAborted);
        context.Response.Headers.Location = $"/v1/topics/{topic.Name}";
        return Results.Json(Describe(broker, topic), HttpJson.Default.TopicDetails, statusCode: StatusCodes.Status201Created);
    }

    private static IResult Get(string topic, IBroker broker) =>
        Results.Json(Describe(broker, broker.RequireTopic(topic)), HttpJson.Default.TopicDetails);

    private static async Task<IResult> AlterAsync(string topic, HttpContext context, IBroker broker)
    {
        AlterTopic body = await JsonBody.ReadAsync(context, HttpJson.Default.AlterTopic);
        TopicDescription altered = broker.RequireTopic(topic);

        // The settings are checked before the partitions are added, so that a bad request changes nothing.
        TopicConfigChange[] changes = [.. (body.Config ?? ImmutableDictionary<string, JsonElement>.Empty).Select(static c =>
            c.Value.ValueKind == JsonValueKind.Null
                ? new TopicConfigChange(c.Key, TopicConfigOperation.Reset)
                : new TopicConfigChange(c.Key, TopicConfigOperation.Set, SettingText(c.Key, c.Value)))];
        altered.Config.Apply(changes);
        if (body.Partitions is { } partitions && partitions != altered.Partitions)
        {
            altered = await broker.AddPartitionsAsync(altered.Id, partitions, context.RequestAborted);
        }
        if (changes.Length > 0)
        {
            altered = await broker.ChangeTopicConfigAsync(altered.Id, changes, context.RequestAborted);
        }
        return Results.Json(Describe(broker, altered), HttpJson.Default.TopicDetails);
    }

    private static async Task<IResult> DeleteAsync(string topic, IBroker broker, CancellationToken ct)
    {
        await broker.DeleteTopicAsync(broker.RequireTopic(topic).Id, ct);
        return Results.NoContent();
    }

    private static TopicSummary Summarize(TopicDescription topic) =>
        new(topic.Name, topic.Id.Value, topic.Partitions, DurabilityText(topic.Durability), topic.CreatedAt);

    private static TopicDetails Describe(IBroker broker, TopicDescription topic) => new(
        topic.Name, topic.Id.Value, topic.Partitions, DurabilityText(topic.Durability), topic.CreatedAt,
        topic.Config.Effective().ToImmutableSortedDictionary(StringComparer.Ordinal), topic.Config.Overrides,
        [
            .. broker.DescribePartitions(topic.Id).Select(p => new PartitionState(
                p.Partition.Partition, p.LeaderEpoch, p.LogStartOffset, p.TieredEndOffset, p.HighWatermark, p.LogEndOffset, p.TailBytes, p.Online)),
        ]);

    private static string DurabilityText(Durability durability) => durability switch
    {
        Durability.Local => "local",
        Durability.Object => "object",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "Not a durability."),
    };

    private static Durability? ParseDurability(string? text) => text switch
    {
        null => null,
        "local" => Durability.Local,
        "object" => Durability.Object,
        _ => throw Arguments.Invalid($"'durability' is '{text}'; it must be 'local' or 'object'."),
    };

    private static string SettingText(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new BrokerException(BrokerErrorCode.InvalidConfig, $"Setting '{name}' must be a string, a number or a boolean."),
    };
}
