using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Metadata;

/// <summary>Committed offsets of consumer groups. Commits that arrive together share a transaction.</summary>
public interface IGroupOffsetStore
{
    /// <summary>Stores offsets; durable when the task ends. Partitions of unknown topics are left out of the result's true entries.</summary>
    /// <returns>For each offset whether its topic is live and the offset was stored.</returns>
    Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct);

    /// <summary>All committed offsets of a group on live topics.</summary>
    Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct);

    /// <summary>Groups that have committed offsets, in name order.</summary>
    Task<IReadOnlyList<string>> ListGroupsAsync(CancellationToken ct);

    /// <summary>Removes committed offsets: of the whole group, or only those of the named partitions.</summary>
    Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct);
}

/// <summary>One committed offset.</summary>
/// <param name="Partition">Of which partition.</param>
/// <param name="Offset">Next offset to read.</param>
/// <param name="LeaderEpoch">Leader epoch of the last record read, or -1.</param>
/// <param name="Metadata">The committer's own text, or null.</param>
/// <param name="CommittedAt">When.</param>
public sealed record GroupOffset(TopicPartition Partition, long Offset, int LeaderEpoch, string? Metadata, DateTimeOffset CommittedAt);
