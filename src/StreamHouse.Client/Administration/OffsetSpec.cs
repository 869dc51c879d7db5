using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Administration;

/// <summary>Which offset is asked for.</summary>
public readonly record struct OffsetSpec
{
    private OffsetSpec(ListOffsetsRequest.Types.Kind kind, long timestampMs = 0) => (Kind, TimestampMs) = (kind, timestampMs);

    /// <summary>The first offset that can be read.</summary>
    public static OffsetSpec Earliest { get; } = new(ListOffsetsRequest.Types.Kind.Earliest);

    /// <summary>The offset after the last record that can be read.</summary>
    public static OffsetSpec Latest { get; } = new(ListOffsetsRequest.Types.Kind.Latest);

    /// <summary>The record with the largest timestamp.</summary>
    public static OffsetSpec MaxTimestamp { get; } = new(ListOffsetsRequest.Types.Kind.MaxTimestamp);

    /// <summary>How fresh the answer must be. Default strong.</summary>
    public ReadConsistency Consistency { get; init; }

    internal ListOffsetsRequest.Types.Kind Kind { get; }

    internal long TimestampMs { get; }

    /// <summary>The first record whose timestamp is at or after a time.</summary>
    public static OffsetSpec At(DateTimeOffset time) => new(ListOffsetsRequest.Types.Kind.Timestamp, time.ToUnixTimeMilliseconds());
}
