using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>objects</c>: what may be deleted, and what has been.</summary>
internal static class ObjectSql
{
    private const string PruneSegments =
        """
        DELETE FROM segments WHERE (topic_id, partition, base_offset) IN (
            SELECT s.topic_id, s.partition, s.base_offset
              FROM partition_leases l JOIN segments s ON s.topic_id = l.topic_id AND s.partition = l.partition AND s.base_offset < l.log_start_offset
             WHERE l.log_start_offset > 0 AND s.end_offset <= l.log_start_offset AND s.end_offset < l.end_offset
            UNION
            SELECT s.topic_id, s.partition, s.base_offset
              FROM topics t JOIN segments s ON s.topic_id = t.id WHERE t.deleted_at IS NOT NULL
             LIMIT @limit)
        RETURNING object_id
        """;

    private const string FinishedTopics =
        """
        SELECT t.id FROM topics t WHERE t.deleted_at IS NOT NULL
           AND EXISTS (SELECT 1 FROM partition_leases l WHERE l.topic_id = t.id)
           AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.topic_id = t.id)
        """;

    public static int Prune(SqlSession session, int limit)
    {
        List<Guid> removed = session.Query(PruneSegments, row => row.Guid(0), ("@limit", limit));
        session.ExecuteMany(
            $"""
            UPDATE objects SET state = 'pending_delete', changed_at = {session.Dialect.Now}
             WHERE id = @id AND state = 'live' AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.object_id = objects.id)
            """,
            removed.Distinct().ToArray(), ["@id"], BindId);

        // What proves to a later start that a node log's entries may be dropped. A lease no node log had has no entries anywhere.
        foreach (Guid topic in session.Query(FinishedTopics, row => row.Guid(0)))
        {
            session.Execute("DELETE FROM leader_epochs WHERE topic_id = @id", ("@id", topic));
            session.Execute("DELETE FROM group_offsets WHERE topic_id = @id", ("@id", topic));
            session.Execute(
                $"""
                INSERT INTO deleted_groups (group_id, node_log, deleted_at)
                SELECT group_id, node_log, {session.Dialect.Now} FROM partition_leases WHERE topic_id = @id AND node_log IS NOT NULL
                """,
                ("@id", topic));
            session.Execute("DELETE FROM partition_leases WHERE topic_id = @id", ("@id", topic));
        }
        return removed.Count;
    }

    public static HashSet<Guid> FilterKnown(SqlSession session, IReadOnlyCollection<Guid> ids)
    {
        HashSet<Guid> known = [];
        foreach (Guid id in ids)
        {
            if (session.Scalar("SELECT 1 FROM objects WHERE id = @id AND deleted_at IS NULL", ("@id", id)) is not null)
            {
                known.Add(id);
            }
        }
        return known;
    }

    public static List<PartitionKnowledge> ReadKnowledge(SqlSession session, IReadOnlyCollection<TopicPartition> partitions)
    {
        List<PartitionKnowledge> all = new(partitions.Count);
        foreach (TopicPartition partition in partitions)
        {
            List<PartitionKnowledge> found = session.Query(
                """
                SELECT t.deleted_at, t.durability, l.epoch, l.end_offset
                  FROM topics t LEFT JOIN partition_leases l ON l.topic_id = t.id AND l.partition = @partition WHERE t.id = @topic
                """,
                Knowledge, ("@topic", partition.Topic.Value), ("@partition", partition.Partition));
            all.Add(found.Count == 0 ? default : found[0]);
        }
        return all;
    }

    public static long CountPending(SqlSession session) =>
        session.Scalar("SELECT count(*) FROM objects WHERE state = 'pending_delete' AND deleted_at IS NULL")!.Value;

    public static long Count(SqlSession session) => session.Scalar("SELECT count(*) FROM objects WHERE state = 'live'")!.Value;

    public static bool Tombstone(SqlSession session, Guid id, string key, long bytes)
    {
        // A tombstone that was thought done, while the object is seen again (a late upload), starts anew; one still waiting keeps its time.
        session.Execute(
            $"""
            INSERT INTO objects (id, key, bytes, state, changed_at) VALUES (@id, @key, @bytes, 'pending_delete', {session.Dialect.Now})
            ON CONFLICT (id) DO UPDATE SET key = excluded.key, deleted_at = NULL, changed_at = excluded.changed_at
             WHERE objects.state = 'pending_delete' AND objects.deleted_at IS NOT NULL
            """,
            ("@id", id), ("@key", key), ("@bytes", bytes));
        return session.Scalar("SELECT 1 FROM objects WHERE id = @id AND state = 'pending_delete'", ("@id", id)) is not null;
    }

    public static List<PendingObject> ListPending(SqlSession session, TimeSpan age, int limit) =>
        session.Query(
            $"""
            SELECT id, key, bytes FROM objects
             WHERE state = 'pending_delete' AND changed_at < {session.Dialect.Now} - @age AND deleted_at IS NULL ORDER BY changed_at, id LIMIT @limit
            """,
            row => new PendingObject(row.Guid(0), row.Text(1), row.Long(2)), ("@age", (long)age.TotalMilliseconds), ("@limit", limit));

    public static bool MarkDeleted(SqlSession session, IReadOnlyCollection<Guid> ids)
    {
        session.ExecuteMany(
            $"UPDATE objects SET deleted_at = {session.Dialect.Now} WHERE id = @id AND state = 'pending_delete' AND deleted_at IS NULL",
            ids.ToArray(), ["@id"], BindId);
        return true;
    }

    public static int Forget(SqlSession session, TimeSpan age) =>
        session.Execute(
            $"DELETE FROM objects WHERE state = 'pending_delete' AND deleted_at < {session.Dialect.Now} - @age", ("@age", (long)age.TotalMilliseconds));

    private static PartitionKnowledge Knowledge(SqlRow row) =>
        !row.IsNull(0) ? new PartitionKnowledge(PartitionPresence.Deleted, default, 0, 0)
        : row.IsNull(2) ? default
        : new PartitionKnowledge(PartitionPresence.Live, TopicSql.Durability(row.Text(1)), row.Long(2), row.Long(3));

    private static void BindId(Guid id, object?[] values) => values[0] = id;
}
