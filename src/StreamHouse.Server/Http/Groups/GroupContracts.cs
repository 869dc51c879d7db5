namespace StreamHouse.Server.Http.Groups;

/// <summary>Groups that have committed offsets.</summary>
internal sealed record GroupList(IReadOnlyList<string> Groups);

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
