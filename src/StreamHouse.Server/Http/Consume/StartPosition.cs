using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Consume;

/// <summary>Where a reader wants to begin: at an offset, at a time, or at one end of the log.</summary>
internal readonly record struct StartPosition
{
    private readonly long? _offset;
    private readonly long? _timestampMs;
    private readonly OffsetQuery _end;

    private StartPosition(long? offset, long? timestampMs, OffsetQuery end)
    {
        _offset = offset;
        _timestampMs = timestampMs;
        _end = end;
    }

    /// <summary>How fresh the answer must be.</summary>
    public ReadConsistency Consistency { get; init; }

    /// <summary>Reads the query parameters, of which at most one may be given.</summary>
    /// <param name="fallback">Where to begin without any.</param>
    public static StartPosition Parse(long? offset, string? timestamp, string? from, OffsetQuery fallback)
    {
        int given = (offset is null ? 0 : 1) + (timestamp is null ? 0 : 1) + (from is null ? 0 : 1);
        if (given > 1)
        {
            throw Arguments.Invalid("Give only one of 'offset', 'timestamp' and 'from'.");
        }
        if (offset < 0)
        {
            throw Arguments.Invalid($"'offset' is {offset}; it must not be negative (from=latest begins at the end).");
        }
        OffsetQuery end = from switch
        {
            null => fallback,
            "earliest" => OffsetQuery.Earliest,
            "latest" => OffsetQuery.Latest,
            _ => throw Arguments.Invalid($"'from' is '{from}'; it must be earliest or latest."),
        };
        return new StartPosition(offset, timestamp is null ? null : Arguments.TimestampMs(nameof(timestamp), timestamp), end);
    }

    /// <summary>The offset in a partition. A time after the last record's means the end.</summary>
    public async Task<long> FindAsync(IBroker broker, TopicPartition partition, CancellationToken ct)
    {
        if (_offset is { } offset)
        {
            return offset;
        }
        if (_timestampMs is { } timestampMs)
        {
            OffsetResult found = await broker.FindOffsetAsync(partition, OffsetQuery.ByTimestamp, timestampMs, Consistency, ct);
            if (found.Offset >= 0)
            {
                return found.Offset;
            }
        }
        OffsetQuery end = _timestampMs is null ? _end : OffsetQuery.Latest;
        return (await broker.FindOffsetAsync(partition, end, -1, Consistency, ct)).Offset;
    }
}
