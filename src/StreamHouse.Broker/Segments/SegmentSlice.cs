using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>A slice as a segment's table describes it: enough to rebuild its manifest row.</summary>
public sealed record SegmentSlice
{
    /// <summary>Whose records these are.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>The topic's name when the slice was written.</summary>
    public required string TopicName { get; init; }

    /// <summary>Lease epoch the slice was to be committed under.</summary>
    public required long Epoch { get; init; }

    /// <summary>First offset.</summary>
    public required long BaseOffset { get; init; }

    /// <summary>Offset after the last.</summary>
    public required long EndOffset { get; init; }

    /// <summary>The partition's log start when the slice was written.</summary>
    public required long LogStartOffset { get; init; }

    /// <summary>Largest batch timestamp, ms since 1970.</summary>
    public required long MaxTimestamp { get; init; }

    /// <summary>Number of records.</summary>
    public required long Records { get; init; }

    /// <summary>Where the slice begins in the object.</summary>
    public required long Position { get; init; }

    /// <summary>Bytes of the slice.</summary>
    public required long Length { get; init; }

    /// <summary>Where its sparse index begins in the object.</summary>
    public required long IndexPosition { get; init; }

    /// <summary>Entries of its index; at least one.</summary>
    public required int IndexEntries { get; init; }

    /// <summary>Where its producer snapshot begins in the object.</summary>
    public required long SnapshotPosition { get; init; }

    /// <summary>Bytes of its producer snapshot; 0 when there are no producers.</summary>
    public required int SnapshotLength { get; init; }

    /// <summary>CRC-32C of the slice.</summary>
    public required uint Crc { get; init; }

    /// <summary>CRC-32C of the index.</summary>
    public required uint IndexCrc { get; init; }

    /// <summary>CRC-32C of the snapshot.</summary>
    public required uint SnapshotCrc { get; init; }

    /// <summary>Leader epochs of the batches, each with the first offset under it, ascending.</summary>
    public required IReadOnlyList<LeaderEpochRow> BatchEpochs { get; init; }

    /// <summary>What the manifest is told about this slice.</summary>
    public SliceCommit ToCommit() =>
        new(Partition, Epoch, BaseOffset, EndOffset, Position, Length, MaxTimestamp, Records, BatchEpochs);
}
