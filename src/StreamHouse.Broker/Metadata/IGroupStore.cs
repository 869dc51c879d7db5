using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Metadata;

/// <summary>
/// What outlives a process of consumer groups: their last generation and their committed offsets. Commits that arrive together share a transaction;
/// those of one group take effect in the order of the calls.
/// </summary>
public interface IGroupStore
{
    /// <summary>Stores offsets; durable when the task ends. Partitions of unknown topics are left out of the result's true entries.</summary>
    /// <returns>For each offset whether its topic is live and the offset was stored.</returns>
    Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct);

    /// <summary>All committed offsets of a group on live topics.</summary>
    Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct);

    /// <summary>Removes the named committed offsets.</summary>
    Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct);

    /// <summary>A group that was saved, or has committed offsets on live topics; null when there is neither.</summary>
    Task<StoredGroup?> FindGroupAsync(string group, CancellationToken ct);

    /// <summary>All groups that <see cref="FindGroupAsync"/> would find, in name order.</summary>
    Task<IReadOnlyList<StoredGroup>> ListGroupsAsync(CancellationToken ct);

    /// <summary>Notes that a group has members of a generation; durable when the task ends. A number lower than the stored one changes nothing.</summary>
    Task SaveGenerationAsync(string group, int generation, string protocolType, CancellationToken ct);

    /// <summary>Notes since when a group has had no members, or (null) that it has some. Does nothing for a group that was never saved.</summary>
    Task SetEmptiedAsync(string group, DateTimeOffset? emptiedAt, CancellationToken ct);

    /// <summary>
    /// Removes a group's offsets that were committed before a moment, and the group itself when none are left; nothing while the group has members
    /// or lost them after that moment.
    /// </summary>
    /// <returns>How many offsets.</returns>
    Task<int> ExpireAsync(string group, DateTimeOffset before, CancellationToken ct);

    /// <summary>Removes a group with its offsets; false when there was nothing.</summary>
    Task<bool> DeleteGroupAsync(string group, CancellationToken ct);
}

/// <summary>What is stored of a group beside its offsets.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Generation">The last generation that had assignments; 0 when it never had members.</param>
/// <param name="ProtocolType">What kind; empty when it never had members.</param>
/// <param name="EmptiedAt">Since when it has had no members; null when it had some when this was last looked at, or never had.</param>
public sealed record StoredGroup(string Group, int Generation, string ProtocolType, DateTimeOffset? EmptiedAt);

/// <summary>One committed offset.</summary>
/// <param name="Partition">Of which partition.</param>
/// <param name="Offset">Next offset to read.</param>
/// <param name="LeaderEpoch">Leader epoch of the last record read, or -1.</param>
/// <param name="Metadata">The committer's own text, or null.</param>
/// <param name="CommittedAt">When.</param>
public sealed record GroupOffset(TopicPartition Partition, long Offset, int LeaderEpoch, string? Metadata, DateTimeOffset CommittedAt);
