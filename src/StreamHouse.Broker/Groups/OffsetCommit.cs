using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>An offset to store for a group.</summary>
/// <param name="Partition">Of which partition.</param>
/// <param name="Offset">Next offset to read, 0 or more.</param>
/// <param name="LeaderEpoch">Leader epoch of the last record read, or -1.</param>
/// <param name="Metadata">The committer's own text, or null; at most <see cref="GroupOptions.OffsetMetadataLengthMax"/> characters.</param>
public readonly record struct OffsetCommit(TopicPartition Partition, long Offset, int LeaderEpoch = -1, string? Metadata = null);
