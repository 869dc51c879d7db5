using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>One partition's share of a segment that is being built.</summary>
public sealed record SliceInput
{
    /// <summary>Whose records these are.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>The topic's name.</summary>
    public required string TopicName { get; init; }

    /// <summary>Lease epoch the slice will be committed under.</summary>
    public required long Epoch { get; init; }

    /// <summary>First offset: that of the first batch.</summary>
    public required long BaseOffset { get; init; }

    /// <summary>Offset after the last batch.</summary>
    public required long EndOffset { get; init; }

    /// <summary>The partition's log start now.</summary>
    public required long LogStartOffset { get; init; }

    /// <summary>
    /// Whole batches in offset order without gaps, one or more per piece. The bytes stay where they are: the caller keeps its references
    /// until the object is stored.
    /// </summary>
    public required IReadOnlyList<BufferSlice> Batches { get; init; }

    /// <summary>Durable producer state as of exactly <see cref="EndOffset"/>.</summary>
    public ProducerSnapshot Producers { get; init; } = ProducerSnapshot.Empty;
}
