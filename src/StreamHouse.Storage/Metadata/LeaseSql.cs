using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>sessions</c> and <c>partition_leases</c>.</summary>
internal static class LeaseSql
{
    private const string Columns = "topic_id, partition, group_id, epoch, holder, node_log, end_offset, log_start_offset";

    private const string OwnTail = "(node_log IS NULL OR node_log = @nodeLog)";

    private const string LiveTopic = "topic_id IN (SELECT id FROM topics WHERE deleted_at IS NULL)";

    // Only a local topic keeps a tail in the taker's node log.
    private const string Take =
        """
        UPDATE partition_leases AS l SET epoch = epoch + 1, holder = @me, node_log = CASE
            WHEN (SELECT t.durability FROM topics t WHERE t.id = l.topic_id) = 'local' THEN @nodeLog ELSE NULL END
        """;

    private const string WithTopic =
        """
        SELECT l.topic_id, l.partition, l.group_id, l.epoch, l.holder, l.node_log, l.end_offset, l.log_start_offset, t.deleted_at
          FROM partition_leases l JOIN topics t ON t.id = l.topic_id
        """;

    public static bool Register(SqlSession session, Session process, TimeSpan? timeToLive)
    {
        session.Execute(
            $"INSERT INTO sessions (incarnation, agent_id, endpoints, expires_at) VALUES (@incarnation, @agent, @endpoints, {session.Dialect.Now} + @ttl)",
            ("@incarnation", process.Incarnation), ("@agent", process.AgentId), ("@endpoints", SqlJson.Write(process.Endpoints)), ("@ttl", Millis(timeToLive)));
        return true;
    }

    public static bool Renew(SqlSession session, Guid incarnation, TimeSpan timeToLive) =>
        session.Execute(
            $"""
            UPDATE sessions SET expires_at = {session.Dialect.Now} + @ttl
             WHERE incarnation = @incarnation AND (expires_at IS NULL OR expires_at > {session.Dialect.Now})
            """,
            ("@ttl", Millis(timeToLive)), ("@incarnation", incarnation)) == 1;

    public static bool Close(SqlSession session, Guid incarnation)
    {
        session.Execute("UPDATE partition_leases SET holder = NULL WHERE holder = @incarnation", ("@incarnation", incarnation));
        session.Execute("DELETE FROM sessions WHERE incarnation = @incarnation", ("@incarnation", incarnation));
        return true;
    }

    public static List<Lease> TakeAll(SqlSession session, Guid incarnation, Guid nodeLog)
    {
        List<Lease> foreign = session.Query(
            $"SELECT {Columns} FROM partition_leases WHERE {LiveTopic} AND node_log IS NOT NULL AND node_log <> @nodeLog ORDER BY topic_id, partition LIMIT 1",
            Live, ("@nodeLog", nodeLog));
        if (foreign is [Lease first, ..])
        {
            throw new BrokerException(
                BrokerErrorCode.DataDamaged,
                $"The tail of {first.Partition} lies in node log {first.NodeLog:D}, but this process has node log {nodeLog:D}. " +
                "Start with the data directory that holds that log; records not yet in objects are only there.");
        }
        // Whoever held leases is gone, killed perhaps: its session would never expire.
        session.Execute("DELETE FROM sessions WHERE incarnation <> @me", ("@me", incarnation));
        return session.Query($"{Take} WHERE {LiveTopic} RETURNING {Columns}", Live, ("@me", incarnation), ("@nodeLog", nodeLog));
    }

    public static List<Lease> TakeTopic(SqlSession session, TopicId topic, Guid incarnation, Guid? nodeLog) =>
        session.Query(
            $"{Take} WHERE topic_id = @topic AND holder IS NULL AND {LiveTopic} AND {OwnTail} RETURNING {Columns}",
            Live, ("@me", incarnation), ("@nodeLog", nodeLog), ("@topic", topic.Value));

    public static Lease? TakeOne(SqlSession session, TopicPartition partition, Guid incarnation, Guid? nodeLog, long? observedEpoch)
    {
        const string One = "WHERE topic_id = @topic AND partition = @partition";
        List<Lease> taken = observedEpoch is { } observed
            ? session.Query(
                $"{Take} {One} AND epoch = @observed AND {LiveTopic} AND {OwnTail} RETURNING {Columns}",
                Live, ("@me", incarnation), ("@nodeLog", nodeLog), ("@topic", partition.Topic.Value), ("@partition", partition.Partition), ("@observed", observed))
            : session.Query(
                $"""
                {Take} {One} AND {LiveTopic} AND {OwnTail}
                   AND (holder IS NULL OR NOT EXISTS (SELECT 1 FROM sessions s
                        WHERE s.incarnation = l.holder AND (s.expires_at IS NULL OR s.expires_at > {session.Dialect.Now})))
                RETURNING {Columns}
                """,
                Live, ("@me", incarnation), ("@nodeLog", nodeLog), ("@topic", partition.Topic.Value), ("@partition", partition.Partition));
        return taken.Count == 0 ? null : taken[0];
    }

    public static List<TopicPartition> ListFree(SqlSession session) =>
        session.Query(
            $"""
            SELECT topic_id, partition FROM partition_leases l
             WHERE {LiveTopic} AND (SELECT t.durability FROM topics t WHERE t.id = l.topic_id) <> 'local'
               AND (holder IS NULL OR NOT EXISTS (SELECT 1 FROM sessions s
                    WHERE s.incarnation = l.holder AND (s.expires_at IS NULL OR s.expires_at > {session.Dialect.Now})))
             ORDER BY topic_id, partition
            """,
            row => new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)));

    public static bool Release(SqlSession session, TopicPartition partition, Guid incarnation, long epoch) =>
        session.Execute(
            "UPDATE partition_leases SET holder = NULL WHERE topic_id = @topic AND partition = @partition AND holder = @me AND epoch = @epoch",
            ("@topic", partition.Topic.Value), ("@partition", partition.Partition), ("@me", incarnation), ("@epoch", epoch)) == 1;

    public static List<Lease> List(SqlSession session) => session.Query($"{WithTopic} ORDER BY l.topic_id, l.partition", Any);

    public static List<Lease> Read(SqlSession session, IReadOnlyCollection<TopicPartition> partitions)
    {
        List<Lease> rows = new(partitions.Count);
        foreach (TopicPartition partition in partitions)
        {
            rows.AddRange(session.Query(
                $"{WithTopic} WHERE l.topic_id = @topic AND l.partition = @partition", Any,
                ("@topic", partition.Topic.Value), ("@partition", partition.Partition)));
        }
        return rows;
    }

    public static List<DeletedGroup> ListDeletedGroups(SqlSession session) =>
        session.Query("SELECT group_id, node_log FROM deleted_groups ORDER BY group_id", row => new DeletedGroup(row.Long(0), row.GuidOrNull(1)));

    public static bool ForgetDeletedGroups(SqlSession session, IReadOnlyList<long> groups)
    {
        session.ExecuteMany("DELETE FROM deleted_groups WHERE group_id = @group", groups, ["@group"], (group, values) => values[0] = group);
        return true;
    }

    private static Lease Any(SqlRow row) => Map(row, deleted: !row.IsNull(8));

    private static Lease Live(SqlRow row) => Map(row, deleted: false);

    private static Lease Map(SqlRow row, bool deleted) => new(
        new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)), row.Long(2), row.Long(3), row.GuidOrNull(4), row.GuidOrNull(5), row.Long(6), row.Long(7),
        deleted);

    private static long? Millis(TimeSpan? span) => span is { } value ? (long)value.TotalMilliseconds : null;
}
