using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

/// <summary>Group offsets in a dictionary.</summary>
internal sealed class MemoryGroupStore : IGroupOffsetStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Group, TopicPartition Partition), GroupOffset> _offsets = [];

    public Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct)
    {
        lock (_lock)
        {
            foreach (GroupOffset offset in offsets)
            {
                _offsets[(group, offset.Partition)] = offset;
            }
        }
        return Task.FromResult<IReadOnlyList<bool>>([.. offsets.Select(_ => true)]);
    }

    public Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<GroupOffset>>(
                [.. _offsets.Where(o => o.Key.Group == group).Select(o => o.Value).OrderBy(o => o.Partition.Topic.Value).ThenBy(o => o.Partition.Partition)]);
        }
    }

    public Task<IReadOnlyList<string>> ListGroupsAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<string>>([.. _offsets.Keys.Select(k => k.Group).Distinct().Order(StringComparer.Ordinal)]);
        }
    }

    public Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct)
    {
        lock (_lock)
        {
            foreach ((string Group, TopicPartition Partition) key in _offsets.Keys.ToArray())
            {
                if (key.Group == group && (partitions is null || partitions.Contains(key.Partition)))
                {
                    _offsets.Remove(key);
                }
            }
        }
        return Task.CompletedTask;
    }
}
