using System.Globalization;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Events;

/// <summary>
/// The next offset of each partition an event stream follows. Its text, <c>0:15,2:7</c>, is the id of every event: a client that reconnects
/// sends it back as Last-Event-ID and misses nothing, in any partition.
/// </summary>
internal sealed class EventPositions(int[] partitions, long[] offsets)
{
    public int Count => partitions.Length;

    public int Partition(int index) => partitions[index];

    public long this[int index]
    {
        get => offsets[index];
        set => offsets[index] = value;
    }

    /// <summary>Reads the partitions of <c>partitions=0,2</c>; all of the topic's without it.</summary>
    public static int[] ParsePartitions(string? text, TopicDescription topic, int partitionsMax)
    {
        int[] wanted = text is null ? [.. Enumerable.Range(0, topic.Partitions)] : [.. text.Split(',').Select(p => ParsePartition(p, topic)).Distinct().Order()];
        return wanted.Length <= partitionsMax
            ? wanted
            : throw Arguments.Invalid($"One event stream can follow {partitionsMax} partitions, not {wanted.Length}; name some with 'partitions'.");
    }

    /// <summary>Reads a Last-Event-ID.</summary>
    /// <returns>Next offsets by partition.</returns>
    public static Dictionary<int, long> ParseId(string id)
    {
        var parsed = new Dictionary<int, long>();
        foreach (string pair in id.Split(','))
        {
            string[] parts = pair.Split(':');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
                || !parsed.TryAdd(partition, offset))
            {
                throw Arguments.Invalid($"'Last-Event-ID' is '{id}'; it must be the id of an event, like 0:15,1:7 (partition:next offset).");
            }
        }
        return parsed;
    }

    /// <summary>Writes the id.</summary>
    public void WriteId(PooledWriter output)
    {
        for (int i = 0; i < partitions.Length; i++)
        {
            const int LongestPair = 32;
            Span<byte> room = output.GetSpan(LongestPair);
            int at = 0;
            if (i > 0)
            {
                room[at++] = (byte)',';
            }
            partitions[i].TryFormat(room[at..], out int written, default, CultureInfo.InvariantCulture);
            at += written;
            room[at++] = (byte)':';
            offsets[i].TryFormat(room[at..], out written, default, CultureInfo.InvariantCulture);
            output.Advance(at + written);
        }
    }

    private static int ParsePartition(string text, TopicDescription topic) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
            ? topic.RequirePartition(partition).Partition
            : throw Arguments.Invalid($"'partitions' holds '{text}'; it must be partition numbers separated by commas.");
}
