using StreamHouse.Broker.Metadata;
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

    /// <summary>Waits until everything that may go is gone.</summary>
    /// <exception cref="InvariantException">Something has stayed.</exception>
    public static async Task WaitAsync(SimRun run)
    {
        TimeSpan until = run.Kernel.Now + Limit;
        while (await FindLeftoverAsync(run.World) is { } key)
        {
            if (run.Kernel.Now > until)
            {
                throw new InvariantException($"Nothing refers to {key} any more, and it was not collected within {Limit} of a healthy world.");
            }
            await run.Kernel.DelayAsync(TimeSpan.FromSeconds(15));
        }
    }

    /// <summary>The first object that may go, or null.</summary>
    public static async Task<string?> FindLeftoverAsync(SimWorld world)
    {
        Dictionary<TopicPartition, long> ends = [];
        HashSet<string> needed = [];
        foreach (Lease lease in (await world.Database.Store.ListLeasesAsync(CancellationToken.None)).Where(l => !l.TopicDeleted))
        {
            ends.Add(lease.Partition, lease.EndOffset);
            foreach (SegmentRow row in await world.Database.Store.ListSegmentsAsync(lease.Partition, 0, int.MaxValue, CancellationToken.None))
            {
                // The last slice stays whatever the log start: it holds the state of the producers.
                if (row.EndOffset > lease.LogStartOffset || row.EndOffset == lease.EndOffset)
                {
                    needed.Add(row.Key);
                }
            }
        }
        foreach ((string key, SimObject stored) in world.Bucket.Objects)
        {
            if (SegmentKeys.TryParseObjectId(key, out _) && !needed.Contains(key) && !IsUncommitted(stored.Bytes, ends))
            {
                return key;
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
