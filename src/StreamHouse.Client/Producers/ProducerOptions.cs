using StreamHouse.Client.Retries;
using StreamHouse.Records;

namespace StreamHouse.Client.Producers;

/// <summary>How a <see cref="Producer"/> batches, retries and bounds itself.</summary>
public sealed record ProducerOptions
{
    /// <summary>Most requests in flight per partition that an idempotent producer may have: servers remember this many batches.</summary>
    public const int IdempotentInFlightMax = 5;

    /// <summary>Most records in a batch. Default 100.</summary>
    public int BatchRecordsMax { get; init; } = 100;

    /// <summary>
    /// Most bytes in a batch before compression; a single larger record makes a batch of its own, which the topic's
    /// <c>max.message.bytes</c> may refuse. Default 1,000,000.
    /// </summary>
    public int BatchBytesMax { get; init; } = 1_000_000;

    /// <summary>
    /// Longest time that records gather while an earlier batch of their partition is in flight; with none in flight they are sent at once.
    /// Default 100 ms.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Most batches of one partition in flight; 1 to <see cref="IdempotentInFlightMax"/> when idempotent. Default 5.</summary>
    public int InFlightPerPartitionMax { get; init; } = IdempotentInFlightMax;

    /// <summary>Most bytes of records that wait for acknowledgement; above it senders wait. Default 32 MiB.</summary>
    public long BufferBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>How batches are compressed. Default: not at all.</summary>
    public CompressionCodec Compression { get; init; } = CompressionCodec.None;

    /// <summary>When the server acknowledges. Default: when the batch is as durable as its topic promises.</summary>
    public ProducerAcks Acks { get; init; } = ProducerAcks.All;

    /// <summary>
    /// Whether batches carry a producer id and sequence, so that however often one is sent again it is in the log once, and in order.
    /// Without it retries may duplicate and reorder records. Default true.
    /// </summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>Longest wait for the answer to one request, after which it is sent again. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time from accepting a record to its acknowledgement, all retries included; then it fails. Default 2 minutes.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Age at which a topic's number of partitions is asked for again. Default 1 minute.</summary>
    public TimeSpan MetadataAgeMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Waits between attempts.</summary>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>
    /// Called once for every batch that was acknowledged or failed, in order per partition; must be quick and must not throw. Null: nobody.
    /// </summary>
    public Action<BatchDelivery>? OnDelivery { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchRecordsMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytesMax, RecordBatchLayout.Records);
        ArgumentOutOfRangeException.ThrowIfLessThan(Linger, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(InFlightPerPartitionMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DeliveryTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MetadataAgeMax, TimeSpan.Zero);
        if (Idempotent)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(InFlightPerPartitionMax, IdempotentInFlightMax);
        }
        Retry.Validate();
    }
}

/// <summary>When a producer's batch is acknowledged.</summary>
public enum ProducerAcks
{
    /// <summary>Once it is as durable as the topic promises.</summary>
    All,

    /// <summary>Once the leader has sequenced it in memory: it is lost if the leader crashes at once.</summary>
    Leader,

    /// <summary>On arrival, without an offset.</summary>
    None,
}
