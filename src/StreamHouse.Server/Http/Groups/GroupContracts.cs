namespace StreamHouse.Server.Http.Groups;

/// <summary>Groups that have members or committed offsets.</summary>
internal sealed record GroupList(IReadOnlyList<GroupSummary> Groups);

/// <summary>A group in a list.</summary>
/// <param name="Group">Its name.</param>
/// <param name="State">Empty, PreparingRebalance, CompletingRebalance or Stable.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumers; empty when it never had members.</param>
internal sealed record GroupSummary(string Group, string State, string ProtocolType);

/// <summary>A group and its members.</summary>
/// <param name="Group">Its name.</param>
/// <param name="State">Empty, PreparingRebalance, CompletingRebalance or Stable.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumers; empty when it never had members.</param>
/// <param name="Protocol">How partitions are assigned; empty while that is not decided.</param>
/// <param name="Generation">Grows with every assignment.</param>
/// <param name="Leader">The member that assigns; empty without members.</param>
/// <param name="Members">In the order they came.</param>
internal sealed record GroupDetails(
    string Group, string State, string ProtocolType, string Protocol, int Generation, string Leader, IReadOnlyList<MemberDetails> Members);

/// <summary>A member of a group.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">A static member's own name, or null.</param>
/// <param name="ClientId">The client's name for itself.</param>
/// <param name="ClientHost">Where the client is.</param>
/// <param name="Assignment">Its partitions; null where they cannot be told.</param>
internal sealed record MemberDetails(
    string MemberId, string? InstanceId, string ClientId, string ClientHost, IReadOnlyList<AssignedPartitions>? Assignment);

/// <summary>Partitions of a topic.</summary>
internal sealed record AssignedPartitions(string Topic, IReadOnlyList<int> Partitions);

/// <summary>How far a group is behind.</summary>
/// <param name="Group">The group.</param>
/// <param name="Total">Sum over the partitions whose lag is known.</param>
/// <param name="Partitions">Those with a committed offset or an owner.</param>
internal sealed record GroupLag(string Group, long Total, IReadOnlyList<PartitionLag> Partitions);

/// <summary>How far a group is behind in a partition.</summary>
/// <param name="Topic">Which topic.</param>
/// <param name="Partition">Which partition.</param>
/// <param name="CommittedOffset">The next offset to read, or null when none is committed.</param>
/// <param name="EndOffset">End of what readers see.</param>
/// <param name="Lag">Records between them; null when none is committed.</param>
/// <param name="MemberId">The partition's owner, or null.</param>
internal sealed record PartitionLag(string Topic, int Partition, long? CommittedOffset, long EndOffset, long? Lag, string? MemberId);

/// <summary>A group's committed offsets.</summary>
internal sealed record GroupOffsets(string Group, IReadOnlyList<CommittedOffset> Offsets);

/// <summary>One committed offset.</summary>
/// <param name="Topic">Of which topic.</param>
/// <param name="Partition">Of which partition.</param>
/// <param name="Offset">Next offset to read.</param>
/// <param name="LeaderEpoch">Leader epoch of the last record read, or -1.</param>
/// <param name="Metadata">The committer's own text, or null.</param>
/// <param name="CommittedAt">When.</param>
internal sealed record CommittedOffset(string Topic, int Partition, long Offset, int LeaderEpoch, string? Metadata, DateTimeOffset CommittedAt);

/// <summary>Body of a commit.</summary>
internal sealed record CommitOffsets
{
    /// <summary>What to store.</summary>
    public required IReadOnlyList<OffsetToCommit> Offsets { get; init; }
}

/// <summary>One offset to commit.</summary>
internal sealed record OffsetToCommit
{
    /// <summary>Of which topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Of which partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Next offset to read, 0 or more.</summary>
    public required long Offset { get; init; }

    /// <summary>Leader epoch of the last record read, or -1.</summary>
    public int LeaderEpoch { get; init; } = -1;

    /// <summary>Text of the committer's own, kept with the offset.</summary>
    public string? Metadata { get; init; }
}
