using System.Text.Json;
using System.Text.Json.Serialization;
using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>topics</c>.</summary>
internal static class TopicSql
{
    private const string LiveName = "SELECT 1 FROM topics WHERE name = @name AND deleted_at IS NULL";

    public static bool Create(SqlSession session, TopicDescription topic)
    {
        if (session.Scalar(LiveName, ("@name", topic.Name)) is not null)
        {
            throw new BrokerException(BrokerErrorCode.TopicAlreadyExists, $"A topic named '{topic.Name}' exists already.");
        }
        session.Execute(
            """
            INSERT INTO topics (id, name, partitions, durability, config, created_at)
            VALUES (@id, @name, @partitions, @durability, @config, @createdAt)
            """,
            ("@id", topic.Id.Value), ("@name", topic.Name), ("@partitions", topic.Partitions), ("@durability", Name(topic.Durability)),
            ("@config", SqlJson.Write(topic.Config.Overrides)), ("@createdAt", topic.CreatedAt.ToUnixTimeMilliseconds()));
        AddLeases(session, topic.Id, 0, topic.Partitions);
        return true;
    }

    public static List<TopicDescription> List(SqlSession session) =>
        session.Query(
            "SELECT id, name, partitions, durability, config, created_at FROM topics WHERE deleted_at IS NULL ORDER BY name",
            row => new TopicDescription(
                new TopicId(row.Guid(0)), row.Text(1), row.Int(2), Durability(row.Text(3)), TopicConfig.Parse(SqlJson.Read(row.Text(4))),
                DateTimeOffset.FromUnixTimeMilliseconds(row.Long(5))));

    public static List<TopicId> ListDeleted(SqlSession session) =>
        session.Query(
            """
            SELECT t.id FROM topics t WHERE t.deleted_at IS NOT NULL
               AND EXISTS (SELECT 1 FROM partition_leases l WHERE l.topic_id = t.id) ORDER BY t.deleted_at, t.id
            """,
            row => new TopicId(row.Guid(0)));

    public static bool SetConfig(SqlSession session, TopicId topic, TopicConfig config) =>
        session.Execute(
            "UPDATE topics SET config = @config WHERE id = @id AND deleted_at IS NULL",
            ("@config", SqlJson.Write(config.Overrides)), ("@id", topic.Value)) == 1 ? true : throw Unknown(topic);

    public static bool AddPartitions(SqlSession session, TopicId topic, int partitions)
    {
        long current = session.Scalar("SELECT partitions FROM topics WHERE id = @id AND deleted_at IS NULL", ("@id", topic.Value)) ?? throw Unknown(topic);

        // The old number is compared again, so that of two callers who saw the same number one adds nothing.
        if (partitions <= current || session.Execute(
            "UPDATE topics SET partitions = @new WHERE id = @id AND partitions = @old AND deleted_at IS NULL",
            ("@new", partitions), ("@id", topic.Value), ("@old", current)) != 1)
        {
            throw new BrokerException(BrokerErrorCode.InvalidPartitions, $"The topic has {current} partitions; {partitions} would not be more.");
        }
        AddLeases(session, topic, (int)current, partitions);
        return true;
    }

    public static bool Delete(SqlSession session, TopicId topic)
    {
        if (session.Execute($"UPDATE topics SET deleted_at = {session.Dialect.Now} WHERE id = @id AND deleted_at IS NULL", ("@id", topic.Value)) != 1)
        {
            throw Unknown(topic);
        }
        session.Execute("UPDATE partition_leases SET epoch = epoch + 1, holder = NULL WHERE topic_id = @id", ("@id", topic.Value));
        return true;
    }

    private static void AddLeases(SqlSession session, TopicId topic, int from, int to)
    {
        long after = session.Scalar("UPDATE group_ids SET next_id = next_id + @count RETURNING next_id", ("@count", to - from))!.Value;
        long firstGroup = after - (to - from);
        session.ExecuteMany(
            """
            INSERT INTO partition_leases (topic_id, partition, group_id, epoch, end_offset, log_start_offset)
            VALUES (@topic, @partition, @group, 0, 0, 0)
            """,
            Enumerable.Range(from, to - from).ToArray(),
            ["@topic", "@partition", "@group"],
            (partition, values) =>
            {
                values[0] = topic.Value;
                values[1] = partition;
                values[2] = firstGroup + (partition - from);
            });
    }

    private static string Name(Durability durability) => durability switch
    {
        Broker.Topics.Durability.Local => "local",
        Broker.Topics.Durability.Object => "object",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "Not a durability."),
    };

    public static Durability Durability(string name) => name switch
    {
        "local" => Broker.Topics.Durability.Local,
        "object" => Broker.Topics.Durability.Object,
        _ => throw new BrokerException(BrokerErrorCode.DataDamaged, $"The metadata holds an unknown durability '{name}'."),
    };

    private static BrokerException Unknown(TopicId topic) => new(BrokerErrorCode.UnknownTopic, $"There is no live topic with id {topic}.");
}

/// <summary>Maps of strings as JSON columns.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class SqlJson : JsonSerializerContext
{
    public static string Write(IEnumerable<KeyValuePair<string, string>> map) =>
        JsonSerializer.Serialize(new Dictionary<string, string>(map), Default.DictionaryStringString);

    public static Dictionary<string, string> Read(string json) => JsonSerializer.Deserialize(json, Default.DictionaryStringString) ?? [];
}
