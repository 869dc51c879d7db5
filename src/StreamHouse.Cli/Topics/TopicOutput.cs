using System.Globalization;
using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Producers;

namespace StreamHouse.Cli.Topics;

/// <summary>How topics are written.</summary>
internal static class TopicOutput
{
    public static void WriteOne(Terminal terminal, OutputFormat format, string done, TopicInfo topic)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json => Write(json, topic));
            return;
        }
        Output.Text(terminal, string.Create(
            CultureInfo.InvariantCulture,
            $"{done} topic {topic.Name} with {topic.Partitions} {(topic.Partitions == 1 ? "partition" : "partitions")}, durability {NameOf(topic.Durability)}.\n"));
    }

    public static void WriteList(Terminal terminal, OutputFormat format, List<TopicInfo> topics)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartArray();
                topics.ForEach(topic => Write(json, topic));
                json.WriteEndArray();
            });
            return;
        }
        if (topics.Count == 0)
        {
            terminal.Error.WriteLine("There are no topics. Create one with 'streamctl topic create NAME'.");
            return;
        }
        Output.Table(terminal, ["TOPIC", ">PARTITIONS", "DURABILITY", "CREATED", "SETTINGS"], topics.Select(topic => new[]
        {
            topic.Name,
            topic.Partitions.ToString(CultureInfo.InvariantCulture),
            NameOf(topic.Durability),
            TimeText.Format(topic.CreatedAt.ToUnixTimeMilliseconds()),
            string.Join(' ', topic.Config.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}={c.Value}")),
        }));
    }

    public static void WriteDetails(Terminal terminal, OutputFormat format, TopicDetails details)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json => WriteJson(json, details));
            return;
        }
        TopicInfo topic = details.Topic;
        Output.Text(terminal, string.Create(
            CultureInfo.InvariantCulture,
            $"topic       {topic.Name}\nid          {topic.Id}\npartitions  {topic.Partitions}\ndurability  {NameOf(topic.Durability)}\ncreated     {TimeText.Format(topic.CreatedAt.ToUnixTimeMilliseconds())}\n\n"));
        Output.Table(terminal, ["SETTING", "VALUE", "SET"], details.EffectiveConfig.OrderBy(c => c.Key, StringComparer.Ordinal).Select(setting => new[]
        {
            setting.Key, setting.Value, topic.Config.ContainsKey(setting.Key) ? "here" : "default",
        }));
        Output.Text(terminal, "\n");
        Output.Table(
            terminal,
            [">PARTITION", ">LOG START", ">IN OBJECTS TO", ">HIGH WATERMARK", ">LOG END", ">EPOCH", "LEADER"],
            details.Partitions.Select(p => new[]
            {
                Text(p.Partition), Text(p.LogStartOffset), Text(p.TieredEndOffset), Text(p.HighWatermark), Text(p.LogEndOffset), Text(p.LeaderEpoch),
                p.Leader.Length > 0 ? p.Leader : "none",
            }));
    }

    /// <summary>The durability as the command line names it.</summary>
    public static string NameOf(RecordDurability durability) => durability switch
    {
        RecordDurability.Eventual => "eventual",
        RecordDurability.Local => "local",
        RecordDurability.Quorum => "quorum",
        RecordDurability.Object => "object",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, null),
    };

    private static void WriteJson(Utf8JsonWriter json, TopicDetails details)
    {
        json.WriteStartObject();
        WriteFields(json, details.Topic);
        WriteMap(json, "effectiveConfig", details.EffectiveConfig);
        json.WriteStartArray("partitionStates");
        foreach (PartitionInfo partition in details.Partitions)
        {
            json.WriteStartObject();
            json.WriteNumber("partition", partition.Partition);
            json.WriteNumber("logStartOffset", partition.LogStartOffset);
            json.WriteNumber("tieredEndOffset", partition.TieredEndOffset);
            json.WriteNumber("highWatermark", partition.HighWatermark);
            json.WriteNumber("logEndOffset", partition.LogEndOffset);
            json.WriteNumber("leaderEpoch", partition.LeaderEpoch);
            json.WriteString("leader", partition.Leader);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TopicInfo topic)
    {
        json.WriteStartObject();
        WriteFields(json, topic);
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, TopicInfo topic)
    {
        json.WriteString("name", topic.Name);
        json.WriteString("id", topic.Id);
        json.WriteNumber("partitions", topic.Partitions);
        json.WriteString("durability", NameOf(topic.Durability));
        json.WriteString("created", TimeText.Format(topic.CreatedAt.ToUnixTimeMilliseconds()));
        WriteMap(json, "config", topic.Config);
    }

    private static void WriteMap(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach ((string key, string value) in map.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            json.WriteString(key, value);
        }
        json.WriteEndObject();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
