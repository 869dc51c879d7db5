using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>consumer_groups</c> and <c>group_offsets</c>.</summary>
internal static class GroupSql
{
    private const string Groups =
        """
        SELECT k.group_id, c.generation, c.protocol_type, c.emptied_at
          FROM (SELECT group_id FROM consumer_groups
                 UNION
                SELECT g.group_id FROM group_offsets g JOIN topics t ON t.id = g.topic_id AND t.deleted_at IS NULL) k
          LEFT JOIN consumer_groups c ON c.group_id = k.group_id
        """;

    public static bool[] Commit(SqlSession session, string group, IReadOnlyList<GroupOffset> offsets)
    {
        int[] stored = session.ExecuteMany(
            """
            INSERT INTO group_offsets (group_id, topic_id, partition, "offset", leader_epoch, metadata, committed_at)
            SELECT @group, t.id, @partition, @offset, @epoch, @metadata, @committedAt
              FROM topics t WHERE t.id = @topic AND t.deleted_at IS NULL AND t.partitions > @partition
            ON CONFLICT (group_id, topic_id, partition) DO UPDATE SET
              "offset" = excluded."offset", leader_epoch = excluded.leader_epoch, metadata = excluded.metadata, committed_at = excluded.committed_at
            """,
            offsets, ["@group", "@topic", "@partition", "@offset", "@epoch", "@metadata", "@committedAt"],
            (offset, values) =>
            {
                values[0] = group;
                values[1] = offset.Partition.Topic.Value;
                values[2] = offset.Partition.Partition;
                values[3] = offset.Offset;
                values[4] = offset.LeaderEpoch;
                values[5] = offset.Metadata;
                values[6] = offset.CommittedAt.ToUnixTimeMilliseconds();
            });
        return Array.ConvertAll(stored, rows => rows == 1);
    }

    public static List<GroupOffset> Fetch(SqlSession session, string group) =>
        session.Query(
            """
            SELECT g.topic_id, g.partition, g."offset", g.leader_epoch, g.metadata, g.committed_at
              FROM group_offsets g JOIN topics t ON t.id = g.topic_id AND t.deleted_at IS NULL
             WHERE g.group_id = @group ORDER BY g.topic_id, g.partition
            """,
            row => new GroupOffset(
                new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)), row.Long(2), row.Int(3), row.TextOrNull(4),
                DateTimeOffset.FromUnixTimeMilliseconds(row.Long(5))),
            ("@group", group));

    public static bool DeleteOffsets(SqlSession session, string group, IReadOnlyCollection<TopicPartition> partitions)
    {
        session.ExecuteMany(
            "DELETE FROM group_offsets WHERE group_id = @group AND topic_id = @topic AND partition = @partition",
            partitions.ToArray(), ["@group", "@topic", "@partition"],
            (partition, values) =>
            {
                values[0] = group;
                values[1] = partition.Topic.Value;
                values[2] = partition.Partition;
            });
        return true;
    }

    public static StoredGroup? Find(SqlSession session, string group) =>
        session.Query($"{Groups} WHERE k.group_id = @group", Map, ("@group", group)).FirstOrDefault();

    public static List<StoredGroup> List(SqlSession session)
    {
        List<StoredGroup> groups = session.Query(Groups, Map);
        groups.Sort((a, b) => string.CompareOrdinal(a.Group, b.Group));
        return groups;
    }

    public static bool SaveGeneration(SqlSession session, string group, int generation, string protocolType)
    {
        session.Execute(
            """
            INSERT INTO consumer_groups (group_id, generation, protocol_type) VALUES (@group, @generation, @type)
            ON CONFLICT (group_id) DO UPDATE SET generation = excluded.generation, protocol_type = excluded.protocol_type, emptied_at = NULL
             WHERE consumer_groups.generation <= excluded.generation
            """,
            ("@group", group), ("@generation", generation), ("@type", protocolType));
        return true;
    }

    public static bool SetEmptied(SqlSession session, string group, DateTimeOffset? emptiedAt)
    {
        session.Execute(
            "UPDATE consumer_groups SET emptied_at = @at WHERE group_id = @group", ("@at", emptiedAt?.ToUnixTimeMilliseconds()), ("@group", group));
        return true;
    }

    public static int Expire(SqlSession session, string group, DateTimeOffset before)
    {
        int expired = session.Execute(
            """
            DELETE FROM group_offsets WHERE group_id = @group AND committed_at < @before
               AND NOT EXISTS (SELECT 1 FROM consumer_groups c WHERE c.group_id = @group AND (c.emptied_at IS NULL OR c.emptied_at >= @before))
            """,
            ("@group", group), ("@before", before.ToUnixTimeMilliseconds()));
        session.Execute(
            """
            DELETE FROM consumer_groups WHERE group_id = @group AND emptied_at < @before
               AND NOT EXISTS (SELECT 1 FROM group_offsets o WHERE o.group_id = @group)
            """,
            ("@group", group), ("@before", before.ToUnixTimeMilliseconds()));
        return expired;
    }

    public static bool DeleteGroup(SqlSession session, string group)
    {
        bool known = Find(session, group) is not null;
        session.Execute("DELETE FROM group_offsets WHERE group_id = @group", ("@group", group));
        session.Execute("DELETE FROM consumer_groups WHERE group_id = @group", ("@group", group));
        return known;
    }

    private static StoredGroup Map(SqlRow row) => new(
        row.Text(0), row.IsNull(1) ? 0 : row.Int(1), row.TextOrNull(2) ?? "",
        row.IsNull(3) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.Long(3)));
}
