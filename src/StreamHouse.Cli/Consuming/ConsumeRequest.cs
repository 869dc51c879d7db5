using StreamHouse.Client;
using StreamHouse.Client.Consumers;

namespace StreamHouse.Cli.Consuming;

/// <summary>What to read.</summary>
internal sealed record ConsumeRequest
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Which partitions; null for all.</summary>
    public int[]? Partitions { get; init; }

    /// <summary>Where to start.</summary>
    public ConsumerStart Start { get; init; } = ConsumerStart.Earliest;

    /// <summary>The offset of <see cref="Start"/>, where it is one.</summary>
    public long? StartOffset { get; init; }

    /// <summary>The time of <see cref="Start"/>, where it is one.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>How fresh the ends of the log must be where reading begins and ends.</summary>
    public ReadConsistency Consistency { get; init; }

    /// <summary>Whether to wait for more at the end.</summary>
    public bool Follows { get; init; }

    /// <summary>The group to read as a member of; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>End after this many records.</summary>
    public long RecordsMax { get; init; } = long.MaxValue;
}
