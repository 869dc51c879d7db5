using StreamHouse.Client;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Consuming;

/// <summary>Knows where reading is to end, partition by partition: at what was there when it began.</summary>
internal sealed class PartitionEnds
{
    private readonly Dictionary<int, long> _ends = [];

    /// <summary>The partitions that still have records to read.</summary>
    public IReadOnlyCollection<int> Unfinished => _ends.Keys;

    /// <summary>Whether all is read.</summary>
    public bool IsFinished => _ends.Count == 0;

    /// <summary>The end of a partition, exclusive; 0 when it is finished.</summary>
    public long Of(int partition) => _ends.GetValueOrDefault(partition);

    /// <summary>Notes where reading goes on.</summary>
    public void Advance(int partition, long nextOffset)
    {
        if (nextOffset >= Of(partition))
        {
            _ends.Remove(partition);
        }
    }

    /// <summary>Asks the server where the partitions begin and end.</summary>
    /// <exception cref="StreamHouseException">The start is beyond the end, or there is no such topic or partition.</exception>
    public static async Task<PartitionEnds> FindAsync(Admin admin, ConsumeRequest request, CancellationToken ct)
    {
        PartitionEnds ends = new();
        foreach (OffsetInfo latest in await ListAsync(admin, request, OffsetSpec.Latest, ct))
        {
            ends._ends.Add(latest.Partition, latest.Offset);
        }
        if (request.StartOffset is { } start)
        {
            ends.StartAt(request.Topic, start);
            return ends;
        }
        OffsetSpec spec = request.StartTime is { } time ? OffsetSpec.At(time) : OffsetSpec.Earliest;
        foreach (OffsetInfo first in await ListAsync(admin, request, spec, ct))
        {
            // -1: no record is that young.
            ends.Advance(first.Partition, first.Offset < 0 ? long.MaxValue : first.Offset);
        }
        return ends;
    }

    private static Task<IReadOnlyList<OffsetInfo>> ListAsync(Admin admin, ConsumeRequest request, OffsetSpec spec, CancellationToken ct) =>
        admin.ListOffsetsAsync(request.Topic, spec with { Consistency = request.Consistency }, request.Partitions, ct);

    private void StartAt(string topic, long start)
    {
        foreach ((int partition, long end) in _ends.ToArray())
        {
            if (start > end)
            {
                throw new StreamHouseException(StreamHouseErrorCode.OffsetOutOfRange, $"{topic}/{partition} ends at offset {end}; there is no offset {start}.")
                {
                    Topic = topic,
                    Partition = partition,
                };
            }
            Advance(partition, start);
        }
    }
}
