namespace StreamHouse.Records;

/// <summary>How <see cref="RecordBatchBuilder"/> finishes a batch. <c>new()</c> is uncompressed and has no producer id.</summary>
public sealed record RecordBatchOptions
{
    /// <summary>Uncompressed, without a producer id.</summary>
    public static readonly RecordBatchOptions Default = new();

    /// <summary>How to compress. A batch that would not shrink is left uncompressed.</summary>
    public CompressionCodec Codec { get; init; }

    /// <summary>Producer id of an idempotent producer, or -1.</summary>
    public long ProducerId { get; init; } = -1;

    /// <summary>Producer epoch, or -1.</summary>
    public short ProducerEpoch { get; init; } = -1;

    /// <summary>Sequence of the first record, or -1.</summary>
    public int BaseSequence { get; init; } = -1;

    /// <summary>Whether the batch is part of a transaction.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>Whether the records are control records.</summary>
    public bool IsControl { get; init; }

    /// <summary>Offset of the first record; the broker stamps its own.</summary>
    public long BaseOffset { get; init; }

    /// <summary>Leader epoch; the broker stamps its own.</summary>
    public int PartitionLeaderEpoch { get; init; } = -1;
}
