namespace StreamHouse.Client.Groups;

/// <summary>Reads the partitions that the membership gives it and takes away.</summary>
internal interface IPartitionOwner
{
    /// <summary>Begins with partitions, where the group left off.</summary>
    void Add(IReadOnlyCollection<TopicPartition> partitions);

    /// <summary>Hands out nothing of these partitions any more. How far they are stays known.</summary>
    void Cut(IReadOnlyCollection<TopicPartition> partitions);

    /// <summary>Forgets partitions that were cut.</summary>
    void Remove(IReadOnlyCollection<TopicPartition> partitions);

    /// <summary>Finds offsets that are to be committed.</summary>
    /// <param name="doneOnly">Whether the records in the user's hand are left out.</param>
    /// <param name="found">Gets them.</param>
    void Uncommitted(bool doneOnly, List<OffsetToCommit> found);

    /// <summary>Tells whoever enumerates, or will, of a failure.</summary>
    void Fail(StreamHouseException error);
}

/// <summary>How far a partition is.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Offset">The next offset to read.</param>
/// <param name="OnCommitted">To be called once the offset is stored.</param>
internal readonly record struct OffsetToCommit(TopicPartition Partition, long Offset, Action<long> OnCommitted);
