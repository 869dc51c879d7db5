using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>group_offsets</c>.</summary>
internal static class GroupOffsetSql
{
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

    public static List<string> ListGroups(SqlSession session)
    {
        List<string> groups = session.Query(
            "SELECT DISTINCT g.group_id FROM group_offsets g JOIN topics t ON t.id = g.topic_id AND t.deleted_at IS NULL", row => row.Text(0));
        groups.Sort(StringComparer.Ordinal);
        return groups;
    }

    public static bool Delete(SqlSession session, string group, IReadOnlyCollection<TopicPartition>? partitions)
    {
        if (partitions is null)
        {
            session.Execute("DELETE FROM group_offsets WHERE group_id = @group", ("@group", group));
            return true;
        }
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
}
