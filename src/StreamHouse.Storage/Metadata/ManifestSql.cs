using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>segments</c>, <c>leader_epochs</c> and the offsets of <c>partition_leases</c>.</summary>
internal static class ManifestSql
{
    private const string SegmentQuery =
        """
        SELECT s.topic_id, s.partition, s.base_offset, s.end_offset, s.epoch, s.object_id, o.key, o.bytes, s.position, s.length, s.max_timestamp, s.records, o.changed_at
          FROM segments s JOIN objects o ON o.id = s.object_id
         WHERE s.topic_id = @topic AND s.partition = @partition
        """;

    public static List<SegmentRow> List(SqlSession session, TopicPartition partition, long fromOffset, int limit) =>
        session.Query(
            // The first row may begin below the offset; it is found by its key, for rows of old offsets must not be read one by one.
            $"""
            {SegmentQuery} AND s.end_offset > @from AND s.base_offset >= coalesce((SELECT max(b.base_offset) FROM segments b
               WHERE b.topic_id = @topic AND b.partition = @partition AND b.base_offset <= @from), 0)
             ORDER BY s.base_offset LIMIT @limit
            """,
            Map, ("@topic", partition.Topic.Value), ("@partition", partition.Partition), ("@from", fromOffset), ("@limit", limit));

    public static Dictionary<TopicPartition, long> ReadBytes(SqlSession session) =>
        session.Query(
            // A bigint again: PostgreSQL sums bigints into a numeric.
            """
            SELECT s.topic_id, s.partition, CAST(sum(s.length) AS bigint)
              FROM segments s JOIN topics t ON t.id = s.topic_id AND t.deleted_at IS NULL
             GROUP BY s.topic_id, s.partition
            """,
            static row => KeyValuePair.Create(new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)), row.Long(2))).ToDictionary();

    public static SegmentRow? FindLast(SqlSession session, TopicPartition partition)
    {
        List<SegmentRow> rows = session.Query(
            $"{SegmentQuery} ORDER BY s.base_offset DESC LIMIT 1", Map, ("@topic", partition.Topic.Value), ("@partition", partition.Partition));
        return rows.Count == 0 ? null : rows[0];
    }

    public static List<LeaderEpochRow> ListEpochs(SqlSession session, TopicPartition partition) =>
        session.Query(
            "SELECT epoch, start_offset FROM leader_epochs WHERE topic_id = @topic AND partition = @partition ORDER BY epoch",
            row => new LeaderEpochRow(row.Long(0), row.Long(1)), ("@topic", partition.Topic.Value), ("@partition", partition.Partition));

    public static long? AdvanceLogStart(SqlSession session, TopicPartition partition, Guid holder, long epoch, long logStart) =>
        session.Scalar(
            """
            UPDATE partition_leases SET log_start_offset = CASE
                WHEN @start <= log_start_offset THEN log_start_offset WHEN @start > end_offset THEN end_offset ELSE @start END
             WHERE topic_id = @topic AND partition = @partition AND epoch = @epoch AND holder = @me
            RETURNING log_start_offset
            """,
            ("@start", logStart), ("@topic", partition.Topic.Value), ("@partition", partition.Partition), ("@epoch", epoch), ("@me", holder));

    private static SegmentRow Map(SqlRow row) => new(
        new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)), row.Long(2), row.Long(3), row.Long(4), row.Guid(5), row.Text(6), row.Long(7), row.Long(8),
        row.Long(9), row.Long(10), row.Long(11), DateTimeOffset.FromUnixTimeMilliseconds(row.Long(12)));
}
