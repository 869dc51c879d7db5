using StreamHouse.Kafka.Messages;

namespace StreamHouse.Kafka.Fetch;

/// <summary>What was read of one partition.</summary>
public readonly record struct FetchPartitionResult
{
    /// <summary>Everything unknown, no error, no records.</summary>
    public FetchPartitionResult()
    {
    }

    /// <summary>The partition.</summary>
    public int PartitionIndex { get; init; }

    /// <summary>Why it failed, or <see cref="KafkaErrorCode.None"/>.</summary>
    public KafkaErrorCode ErrorCode { get; init; }

    /// <summary>End of what readers see, or -1.</summary>
    public long HighWatermark { get; init; } = -1;

    /// <summary>End of what readers of committed transactions see, or -1.</summary>
    public long LastStableOffset { get; init; } = -1;

    /// <summary>First offset of the log, or -1.</summary>
    public long LogStartOffset { get; init; } = -1;

    /// <summary>Transactions to leave out; null when the fetch asked for all records.</summary>
    public FetchResponse.AbortedTransaction[]? AbortedTransactions { get; init; }

    /// <summary>The leader, for a client that did not ask it; else null.</summary>
    public FetchResponse.LeaderIdAndEpoch? CurrentLeader { get; init; }

    /// <summary>Where the fetcher's log and the leader's part, or null.</summary>
    public FetchResponse.EpochEndOffset? DivergingEpoch { get; init; }

    /// <summary>Length of the partition's record batches, which the caller sends itself.</summary>
    public int RecordsBytes { get; init; }
}
