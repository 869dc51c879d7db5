using StreamHouse.Kafka.Messages;

namespace StreamHouse.Kafka.Produce;

/// <summary>What became of one partition's batch.</summary>
public readonly record struct ProducePartitionResult
{
    /// <summary>Everything unknown, no error.</summary>
    public ProducePartitionResult()
    {
    }

    /// <summary>The partition.</summary>
    public int Index { get; init; }

    /// <summary>Why it failed, or <see cref="KafkaErrorCode.None"/>.</summary>
    public KafkaErrorCode ErrorCode { get; init; }

    /// <summary>Offset of the first record, or -1.</summary>
    public long BaseOffset { get; init; } = -1;

    /// <summary>The broker's time, ms since 1970, when it stamped the records; else -1.</summary>
    public long LogAppendTimeMs { get; init; } = -1;

    /// <summary>First offset of the log, or -1.</summary>
    public long LogStartOffset { get; init; } = -1;

    /// <summary>What is wrong with the batch, or null.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>Records that made the batch fail, or null.</summary>
    public ProduceResponse.RecordError[]? RecordErrors { get; init; }

    /// <summary>The leader, for a client that did not ask it; else null.</summary>
    public ProduceResponse.LeaderIdAndEpoch? CurrentLeader { get; init; }
}
