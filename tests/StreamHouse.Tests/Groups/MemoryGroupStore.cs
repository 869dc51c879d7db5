using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

/// <summary>Groups and their offsets in dictionaries, with places to fail or wait.</summary>
internal sealed class MemoryGroupStore : IGroupStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StoredGroup> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, TopicPartition Partition), GroupOffset> _offsets = [];

    /// <summary>Runs before a generation is saved.</summary>
    public Func<Task>? BeforeSave { get; set; }

    /// <summary>Runs before offsets are stored.</summary>
    public Func<Task>? BeforeCommit { get; set; }

    /// <summary>Runs before offsets or groups are deleted, or expire.</summary>
    public Func<Task>? BeforeDelete { get; set; }

    /// <summary>Runs before a group is looked up.</summary>
    public Func<Task>? BeforeFind { get; set; }

    /// <summary>Runs before groups are listed.</summary>
    public Func<Task>? BeforeList { get; set; }

    public async Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct)
    {
        await (BeforeCommit?.Invoke() ?? Task.CompletedTask);
        lock (_lock)
        {
            foreach (GroupOffset offset in offsets)
            {
                _offsets[(group, offset.Partition)] = offset;
            }
        }
        return [.. offsets.Select(_ => true)];
    }

    public Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<GroupOffset>>(
                [.. _offsets.Where(o => o.Key.Group == group).Select(o => o.Value).OrderBy(o => o.Partition.Topic.Value).ThenBy(o => o.Partition.Partition)]);
        }
    }

    public async Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct)
    {
        await (BeforeDelete?.Invoke() ?? Task.CompletedTask);
        Remove(o => o.Group == group && partitions.Contains(o.Partition));
    }

    public async Task<StoredGroup?> FindGroupAsync(string group, CancellationToken ct)
    {
        await (BeforeFind?.Invoke() ?? Task.CompletedTask);
        return List().FirstOrDefault(g => g.Group == group);
    }

    public async Task<IReadOnlyList<StoredGroup>> ListGroupsAsync(CancellationToken ct)
    {
        await (BeforeList?.Invoke() ?? Task.CompletedTask);
        return List();
    }

    public async Task SaveGenerationAsync(string group, int generation, string protocolType, CancellationToken ct)
    {
        await (BeforeSave?.Invoke() ?? Task.CompletedTask);
        lock (_lock)
        {
            if (_groups.GetValueOrDefault(group) is not { } known || known.Generation <= generation)
            {
                _groups[group] = new StoredGroup(group, generation, protocolType, null);
            }
        }
    }

    public Task SetEmptiedAsync(string group, DateTimeOffset? emptiedAt, CancellationToken ct)
    {
        lock (_lock)
        {
            if (_groups.TryGetValue(group, out StoredGroup? known))
            {
                _groups[group] = known with { EmptiedAt = emptiedAt };
            }
        }
        return Task.CompletedTask;
    }

    public async Task<int> ExpireAsync(string group, DateTimeOffset before, CancellationToken ct)
    {
        await (BeforeDelete?.Invoke() ?? Task.CompletedTask);
        lock (_lock)
        {
            StoredGroup? known = _groups.GetValueOrDefault(group);
            int expired = known is not null && !(known.EmptiedAt < before) ? 0 : Remove(o => o.Group == group && _offsets[o].CommittedAt < before);
            if (known?.EmptiedAt < before && !_offsets.Keys.Any(o => o.Group == group))
            {
                _groups.Remove(group);
            }
            return expired;
        }
    }

    public async Task<bool> DeleteGroupAsync(string group, CancellationToken ct)
    {
        await (BeforeDelete?.Invoke() ?? Task.CompletedTask);
        lock (_lock)
        {
            return _groups.Remove(group) | (Remove(o => o.Group == group) > 0);
        }
    }

    private List<StoredGroup> List()
    {
        lock (_lock)
        {
            return
            [
                .. _offsets.Keys.Select(k => k.Group).Concat(_groups.Keys).Distinct().Order(StringComparer.Ordinal)
                    .Select(g => _groups.GetValueOrDefault(g) ?? new StoredGroup(g, 0, "", null)),
            ];
        }
    }

    private int Remove(Func<(string Group, TopicPartition Partition), bool> condition)
    {
        lock (_lock)
        {
            return _offsets.Keys.Where(condition).ToArray().Count(_offsets.Remove);
        }
    }
}
