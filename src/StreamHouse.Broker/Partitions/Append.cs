using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>When a producer wants its answer.</summary>
public enum Acks
{
    /// <summary>No answer is sent; the result still tells when the batch was sequenced or refused.</summary>
    None = 0,

    /// <summary>Once the leader has sequenced the batch in memory.</summary>
    Leader = 1,

    /// <summary>Once the batch is as durable as the topic promises.</summary>
    All = -1,
}

/// <summary>How durable an acknowledged batch was when the answer was made.</summary>
public enum AckDurability
{
    /// <summary>In the leader's memory: lost with the process.</summary>
    Eventual,

    /// <summary>Synced in the leader's node log.</summary>
    Local,

    /// <summary>Stored as an object and committed under the lease epoch.</summary>
    Object,
}

/// <summary>One record batch for one partition.</summary>
/// <param name="Partition">Where to.</param>
/// <param name="Batch">
/// Exactly one RecordBatch v2. The broker retains the buffer for as long as it needs it and rewrites base offset and leader epoch
/// in place; the caller must not touch the bytes again, and drops its own reference when it likes.
/// </param>
/// <param name="Acks">When to answer.</param>
public readonly record struct AppendRequest(TopicPartition Partition, BufferSlice Batch, Acks Acks);

/// <summary>What became of an append.</summary>
/// <param name="Error">None when acknowledged.</param>
/// <param name="Message">For a person, when refused; else null.</param>
/// <param name="BaseOffset">Offset of the first record (for a duplicate: the original's); -1 when refused.</param>
/// <param name="RecordCount">Offsets taken.</param>
/// <param name="LogAppendTimeMs">The broker's timestamp for topics with LogAppendTime, else -1.</param>
/// <param name="LogStartOffset">The partition's log start.</param>
/// <param name="LeaderEpoch">The epoch it was sequenced under.</param>
/// <param name="Durability">What the acknowledgement is worth.</param>
public readonly record struct AppendResult(
    BrokerErrorCode Error,
    string? Message,
    long BaseOffset,
    int RecordCount,
    long LogAppendTimeMs,
    long LogStartOffset,
    long LeaderEpoch,
    AckDurability Durability)
{
    /// <summary>A refusal.</summary>
    public static AppendResult Refused(BrokerErrorCode error, string message) => new(error, message, -1, 0, -1, -1, -1, AckDurability.Eventual);
}
