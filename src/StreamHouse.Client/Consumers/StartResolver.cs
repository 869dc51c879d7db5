using StreamHouse.Client.Administration;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Finds the offsets where reading begins. They are found before the first subscription, so that a stream that breaks at once begins again at the
/// same place.
/// </summary>
internal sealed class StartResolver(string topic, Admin admin, ConsumerOptions options)
{
    public async Task<int> PartitionsAsync(CancellationToken ct) => (await admin.GetTopicAsync(topic, ct)).Topic.Partitions;

    /// <exception cref="StreamHouseException">An offset cannot be found.</exception>
    public async Task ResolveAsync(
        List<(PartitionCursor Cursor, int Version, ConsumerStart Start)> wanted, Action<PartitionCursor, int, long> resolve, CancellationToken ct)
    {
        foreach (IGrouping<ConsumerStart, (PartitionCursor Cursor, int Version, ConsumerStart Start)> group in wanted.GroupBy(item => item.Start))
        {
            Dictionary<int, long> offsets = await FindAsync(group.Key, [.. group.Select(item => item.Cursor.Partition)], ct);
            foreach ((PartitionCursor cursor, int version, _) in group)
            {
                if (!offsets.TryGetValue(cursor.Partition, out long offset))
                {
                    throw new StreamHouseException(StreamHouseErrorCode.UnknownPartition, $"There is no partition {cursor.Partition} of {topic}.")
                    {
                        Topic = topic,
                        Partition = cursor.Partition,
                    };
                }
                resolve(cursor, version, offset);
            }
        }
    }

    private Task<Dictionary<int, long>> FindAsync(ConsumerStart start, List<int> partitions, CancellationToken ct) => start.Kind switch
    {
        ConsumerStart.StartKind.Earliest => ListAsync(OffsetSpec.Earliest, partitions, ct),
        ConsumerStart.StartKind.Latest => ListAsync(OffsetSpec.Latest, partitions, ct),
        ConsumerStart.StartKind.Time => AtTimeAsync(start.Value, partitions, ct),
        ConsumerStart.StartKind.Committed => CommittedAsync(partitions, ct),
        ConsumerStart.StartKind.Offset => Task.FromResult(partitions.ToDictionary(partition => partition, _ => start.Value)),
        _ => throw new InvalidOperationException($"{start.Kind} is no start."),
    };

    private async Task<Dictionary<int, long>> ListAsync(OffsetSpec spec, List<int> partitions, CancellationToken ct)
    {
        Dictionary<int, long> offsets = [];
        foreach (OffsetInfo offset in await admin.ListOffsetsAsync(topic, spec with { Consistency = options.StartConsistency }, partitions, ct))
        {
            offsets[offset.Partition] = offset.Offset;
        }
        return offsets;
    }

    private async Task<Dictionary<int, long>> AtTimeAsync(long timestampMs, List<int> partitions, CancellationToken ct)
    {
        Dictionary<int, long> offsets =
            await ListAsync(OffsetSpec.At(DateTimeOffset.FromUnixTimeMilliseconds(timestampMs)), partitions, ct);
        List<int> beyond = [.. partitions.Where(partition => offsets.TryGetValue(partition, out long offset) && offset < 0)];
        return beyond.Count == 0 ? offsets : await AddAsync(offsets, OffsetSpec.Latest, beyond, ct);
    }

    private async Task<Dictionary<int, long>> CommittedAsync(List<int> partitions, CancellationToken ct)
    {
        string group = options.Group
            ?? throw new StreamHouseException(StreamHouseErrorCode.InvalidRequest, $"Committed offsets need {nameof(ConsumerOptions.Group)} to be set.");
        Dictionary<int, long> offsets = [];
        foreach (GroupOffset offset in await admin.FetchGroupOffsetsAsync(group, topic, ct))
        {
            offsets[offset.Partition] = offset.Offset;
        }
        List<int> missing = [.. partitions.Where(partition => !offsets.ContainsKey(partition))];
        return missing.Count == 0
            ? offsets
            : options.OffsetReset switch
            {
                OffsetReset.Earliest => await AddAsync(offsets, OffsetSpec.Earliest, missing, ct),
                OffsetReset.Latest => await AddAsync(offsets, OffsetSpec.Latest, missing, ct),
                _ => throw new StreamHouseException(
                    StreamHouseErrorCode.OffsetOutOfRange, $"Group {group} has no committed offset for {topic}/{missing[0]}.")
                {
                    Topic = topic,
                    Partition = missing[0],
                },
            };
    }

    private async Task<Dictionary<int, long>> AddAsync(Dictionary<int, long> offsets, OffsetSpec spec, List<int> partitions, CancellationToken ct)
    {
        foreach ((int partition, long offset) in await ListAsync(spec, partitions, ct))
        {
            offsets[partition] = offset;
        }
        return offsets;
    }
}
