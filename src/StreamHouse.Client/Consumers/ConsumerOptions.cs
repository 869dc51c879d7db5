using StreamHouse.Client.Groups;
using StreamHouse.Client.Retries;
using StreamHouse.Records;

namespace StreamHouse.Client.Consumers;

/// <summary>How a <see cref="Consumer"/> reads ahead, and what it does where offsets are missing.</summary>
public sealed record ConsumerOptions
{
    /// <summary>
    /// The group that <see cref="Consumer.Subscribe"/> joins, and whose offsets <see cref="ConsumerStart.Committed"/> and
    /// <see cref="Consumer.CommitAsync"/> mean; null for none.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>How the consumer behaves as a member of the group.</summary>
    public GroupMemberOptions Membership { get; init; } = new();

    /// <summary>
    /// Where to go on when the wanted offset is not there: no offset is committed, or retention has removed the records. Default earliest.
    /// </summary>
    public OffsetReset OffsetReset { get; init; } = OffsetReset.Earliest;

    /// <summary>
    /// How fresh the offsets must be at which reading begins (earliest, latest, by time). With <see cref="ReadConsistency.Linearizable"/>,
    /// <see cref="ConsumerStart.Latest"/> skips everything acknowledged before the consumer asked, and nothing appended after the answer. Default
    /// strong.
    /// </summary>
    public ReadConsistency StartConsistency { get; init; }

    /// <summary>Bytes of batches per message; at least one batch comes, however large. Default 1 MiB.</summary>
    public int FetchBytesMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// Bytes read ahead, as they came; the message that passes the limit is the last until some are consumed. The connection holds a few MiB more.
    /// Default 16 MiB.
    /// </summary>
    public long PrefetchBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Whether every batch's CRC is checked. Default true.</summary>
    public bool CheckCrc { get; init; } = true;

    /// <summary>How many bytes a batch may decompress to. Default 64 MiB.</summary>
    public int DecompressedBytesMax { get; init; } = RecordBatchReader.DefaultDecompressedBytesMax;

    /// <summary>
    /// How often an idle server shows that it is there; after three times that without a sign the consumer connects anew. Default 5 s.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a consumer of all partitions looks for new ones. Default 1 minute.</summary>
    public TimeSpan MetadataAgeMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Waits before connecting anew.</summary>
    public RetryOptions Retry { get; init; } = new();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(FetchBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(PrefetchBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DecompressedBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeartbeatInterval, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MetadataAgeMax, TimeSpan.Zero);
        Membership.Validate();
        Retry.Validate();
    }
}

/// <summary>What to do where the wanted offset is not there.</summary>
public enum OffsetReset
{
    /// <summary>Go on at the first record there is.</summary>
    Earliest,

    /// <summary>Go on after the last record there is.</summary>
    Latest,

    /// <summary>Fail with <see cref="StreamHouseErrorCode.OffsetOutOfRange"/>.</summary>
    Fail,
}
