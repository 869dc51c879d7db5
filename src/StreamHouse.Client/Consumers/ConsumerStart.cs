namespace StreamHouse.Client.Consumers;

/// <summary>Where to begin in a partition.</summary>
public readonly record struct ConsumerStart
{
    private ConsumerStart(StartKind kind, long value = 0) => (Kind, Value) = (kind, value);

    internal enum StartKind
    {
        Earliest,
        Latest,
        Offset,
        Time,
        Committed,
    }

    /// <summary>At the first record there is.</summary>
    public static ConsumerStart Earliest { get; } = new(StartKind.Earliest);

    /// <summary>After the last record there is.</summary>
    public static ConsumerStart Latest { get; } = new(StartKind.Latest);

    /// <summary>Where <see cref="ConsumerOptions.Group"/> left off; <see cref="ConsumerOptions.OffsetReset"/> where nothing is committed.</summary>
    public static ConsumerStart Committed { get; } = new(StartKind.Committed);

    internal StartKind Kind { get; }

    internal long Value { get; }

    /// <summary>At an offset, 0 or above.</summary>
    public static ConsumerStart At(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new ConsumerStart(StartKind.Offset, offset);
    }

    /// <summary>At the first record whose timestamp is at or after a time; after the last record if there is none.</summary>
    public static ConsumerStart At(DateTimeOffset time) => new(StartKind.Time, time.ToUnixTimeMilliseconds());
}
