using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Storage.Metadata;

/// <summary>The transaction that makes an uploaded object part of the log.</summary>
internal static class CommitSql
{
    private const string AdvanceEnd =
        """
        UPDATE partition_leases SET end_offset = @end
         WHERE topic_id = @topic AND partition = @partition AND epoch = @epoch AND holder = @me AND end_offset = @base
        """;

    private const string InsertSegment =
        """
        INSERT INTO segments (topic_id, partition, base_offset, end_offset, epoch, object_id, position, length, max_timestamp, records)
        VALUES (@topic, @partition, @base, @end, @epoch, @object, @position, @length, @maxTimestamp, @records)
        """;

    private const string InsertEpoch =
        """
        INSERT INTO leader_epochs (topic_id, partition, epoch, start_offset)
        VALUES (@topic, @partition, @epoch, @start) ON CONFLICT (topic_id, partition, epoch) DO NOTHING
        """;

    public static SliceOutcome[] Commit(SqlSession session, ObjectCommit commit)
    {
        SliceCommit[] ordered = InLockOrder(commit);
        session.Dialect.LockLeases(session, ordered);
        ClaimObject(session, commit);

        // Present means that an earlier attempt of this very commit succeeded for the slice; only after this read does "zero rows" mean fenced.
        HashSet<TopicPartition> committed = [.. session.Query(
            "SELECT topic_id, partition FROM segments WHERE object_id = @object",
            row => new TopicPartition(new TopicId(row.Guid(0)), row.Int(1)), ("@object", commit.ObjectId))];
        SliceCommit[] absent = Array.FindAll(ordered, slice => !committed.Contains(slice.Partition));
        List<SliceCommit> advanced = AdvanceEnds(session, commit.Holder, absent);
        InsertSegments(session, commit.ObjectId, advanced);
        InsertEpochs(session, advanced);

        foreach (SliceCommit slice in advanced)
        {
            committed.Add(slice.Partition);
        }
        if (committed.Count == 0)
        {
            // An object nobody refers to is the orphan collector's; a live row would hide it.
            session.Execute("DELETE FROM objects WHERE id = @object", ("@object", commit.ObjectId));
        }
        return [.. commit.Slices.Select(slice => committed.Contains(slice.Partition) ? SliceOutcome.Committed : SliceOutcome.Fenced)];
    }

    private static SliceCommit[] InLockOrder(ObjectCommit commit)
    {
        SliceCommit[] ordered = [.. commit.Slices.OrderBy(s => s.Partition.Topic.Value).ThenBy(s => s.Partition.Partition)];
        for (int i = 1; i < ordered.Length; i++)
        {
            if (ordered[i].Partition == ordered[i - 1].Partition)
            {
                throw new ArgumentException($"Object {commit.ObjectId:D} has two slices of {ordered[i].Partition}.", nameof(commit));
            }
        }
        return ordered;
    }

    private static void ClaimObject(SqlSession session, ObjectCommit commit)
    {
        session.Execute(
            $"""
            INSERT INTO objects (id, key, bytes, state, changed_at) VALUES (@object, @key, @bytes, 'live', {session.Dialect.Now})
            ON CONFLICT (id) DO NOTHING
            """,
            ("@object", commit.ObjectId), ("@key", commit.Key), ("@bytes", commit.Bytes));
        if (session.Scalar("SELECT 1 FROM objects WHERE id = @object AND state = 'live'", ("@object", commit.ObjectId)) is null)
        {
            throw new ObjectTombstonedException(commit.ObjectId);
        }
    }

    private static List<SliceCommit> AdvanceEnds(SqlSession session, Guid holder, SliceCommit[] slices)
    {
        int[] matched = session.ExecuteMany(
            AdvanceEnd, slices, ["@end", "@topic", "@partition", "@epoch", "@me", "@base"],
            (slice, values) =>
            {
                values[0] = slice.EndOffset;
                values[1] = slice.Partition.Topic.Value;
                values[2] = slice.Partition.Partition;
                values[3] = slice.Epoch;
                values[4] = holder;
                values[5] = slice.BaseOffset;
            });
        List<SliceCommit> advanced = new(slices.Length);
        for (int i = 0; i < slices.Length; i++)
        {
            if (matched[i] == 1)
            {
                advanced.Add(slices[i]);
            }
        }
        return advanced;
    }

    private static void InsertSegments(SqlSession session, Guid objectId, List<SliceCommit> slices) =>
        session.ExecuteMany(
            InsertSegment, slices,
            ["@topic", "@partition", "@base", "@end", "@epoch", "@object", "@position", "@length", "@maxTimestamp", "@records"],
            (slice, values) =>
            {
                values[0] = slice.Partition.Topic.Value;
                values[1] = slice.Partition.Partition;
                values[2] = slice.BaseOffset;
                values[3] = slice.EndOffset;
                values[4] = slice.Epoch;
                values[5] = objectId;
                values[6] = slice.Position;
                values[7] = slice.Length;
                values[8] = slice.MaxTimestamp;
                values[9] = slice.Records;
            });

    private static void InsertEpochs(SqlSession session, List<SliceCommit> slices)
    {
        List<(TopicPartition Partition, LeaderEpochRow Epoch)> epochs = [];
        foreach (SliceCommit slice in slices)
        {
            foreach (LeaderEpochRow epoch in slice.BatchEpochs)
            {
                epochs.Add((slice.Partition, epoch));
            }
        }
        session.ExecuteMany(
            InsertEpoch, epochs, ["@topic", "@partition", "@epoch", "@start"],
            (row, values) =>
            {
                values[0] = row.Partition.Topic.Value;
                values[1] = row.Partition.Partition;
                values[2] = row.Epoch.Epoch;
                values[3] = row.Epoch.StartOffset;
            });
    }
}
