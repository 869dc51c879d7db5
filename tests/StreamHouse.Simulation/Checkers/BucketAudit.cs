using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.Checkers;

/// <summary>
/// In the end the bucket holds nothing that may go: no object of a deleted topic, none whose records are all below their logs' starts, and no orphan but
/// those that reach above what is committed, which are kept for a person to look at. That nothing else is gone, <see cref="FinalAudit"/> says.
/// </summary>
internal static class BucketAudit
{
    // The age of an orphan, its search and its delay, with something to spare; see EngineOptions.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    // The last slice stays whatever the log start: it holds the state of the producers.
    private const string Needed =
        """
        SELECT s.object_id FROM segments s JOIN topics t ON t.id = s.topic_id AND t.deleted_at IS NULL
          JOIN partition_leases l ON l.topic_id = s.topic_id AND l.partition = s.partition
         WHERE s.end_offset > l.log_start_offset OR s.end_offset = l.end_offset
        """;

    /// <summary>Waits until everything that may go is gone.</summary>
    /// <exception cref="InvariantException">Something has stayed.</exception>
    public static async Task WaitAsync(SimRun run)
    {
        TimeSpan began = run.Kernel.Now;
        TimeSpan until = began + Limit;
        while (await FindLeftoverAsync(run.World) is { } key)
        {
            if (run.Kernel.Now > until)
            {
                throw new InvariantException($"Nothing refers to {key} any more, and it was not collected within {Limit} of a healthy world.");
            }
            await run.Kernel.DelayAsync(TimeSpan.FromSeconds(30));
        }
        run.Idle += run.Kernel.Now - began;
    }

    /// <summary>The first object that may go, or null.</summary>
    public static async Task<string?> FindLeftoverAsync(SimWorld world)
    {
        HashSet<Guid> needed = [.. await world.Database.Executor.ReadAsync(sql => sql.Query(Needed, row => row.Guid(0)), CancellationToken.None)];
        Dictionary<TopicPartition, long>? ends = null;
        foreach ((string key, SimObject stored) in world.Bucket.Objects)
        {
            if (SegmentKeys.TryParseObjectId(key, out Guid id) && !needed.Contains(id))
            {
                ends ??= (await world.Database.Store.ListLeasesAsync(CancellationToken.None)).Where(l => !l.TopicDeleted).ToDictionary(l => l.Partition, l => l.EndOffset);
                if (!IsUncommitted(stored.Bytes, ends))
                {
                    return key;
                }
            }
        }
        return null;
    }

    // At one moment: while the audit waited for an answer, the object could go.
    private static bool IsUncommitted(byte[] stored, Dictionary<TopicPartition, long> ends)
    {
        SegmentFooter footer = SegmentFooter.Parse(stored.AsSpan(stored.Length - SegmentLayout.FooterBytes), stored.Length);
        SegmentTable table = SegmentTable.Parse(stored.AsSpan((int)footer.TablePosition, footer.TableLength), footer.TablePosition);
        return table.Slices.Any(s => ends.TryGetValue(s.Partition, out long end) && s.EndOffset > end);
    }
}
