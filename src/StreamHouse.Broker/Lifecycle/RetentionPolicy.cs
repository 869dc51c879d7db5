using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>Decides where a partition's log may begin. Whole slices from the oldest on; one that must stay keeps all after it.</summary>
internal static class RetentionPolicy
{
    /// <summary>The log start that the settings ask for: never below <paramref name="logStart"/>, never above <paramref name="highWatermark"/>.</summary>
    /// <param name="segments">
    /// The partition's slices that end above the log start, in offset order. With a limit by size all of them; by age alone, any number of the first ones.
    /// </param>
    /// <param name="config">The topic's settings.</param>
    /// <param name="now">Compared with the records' own timestamps.</param>
    /// <param name="logStart">The log start in force.</param>
    /// <param name="highWatermark">End of what readers see.</param>
    public static long LogStart(IReadOnlyList<SegmentRow> segments, TopicConfig config, DateTimeOffset now, long logStart, long highWatermark)
    {
        long excess = Excess(segments, config);
        long start = logStart;
        for (int i = 0; i < segments.Count; i++)
        {
            SegmentRow segment = segments[i];

            // As Kafka does: a slice goes when what stays is still at least as large as the limit.
            bool tooMuch = excess >= segment.Length;
            if (segment.EndOffset > highWatermark || !(tooMuch || IsExpired(segment, config, now)))
            {
                break;
            }
            excess -= segment.Length;
            start = Math.Max(start, segment.EndOffset);
        }
        return start;
    }

    /// <summary>
    /// Whether all records of a slice are older than the topic keeps them. Producers' clocks cannot be trusted with this: a slice whose largest
    /// timestamp is negative or lies in the future is as old as its commit, or one bad record would keep everything after it for ever.
    /// </summary>
    public static bool IsExpired(SegmentRow segment, TopicConfig config, DateTimeOffset now)
    {
        long nowMs = now.ToUnixTimeMilliseconds();
        long written = segment.MaxTimestamp >= 0 && segment.MaxTimestamp <= nowMs ? segment.MaxTimestamp : segment.CommittedAt.ToUnixTimeMilliseconds();
        return config.RetentionMs >= 0 && nowMs - written > config.RetentionMs;
    }

    private static long Excess(IReadOnlyList<SegmentRow> segments, TopicConfig config)
    {
        if (config.RetentionBytes < 0)
        {
            return -1;
        }
        long bytes = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            bytes += segments[i].Length;
        }
        return bytes - config.RetentionBytes;
    }
}
