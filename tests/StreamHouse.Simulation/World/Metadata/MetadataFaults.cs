namespace StreamHouse.Simulation.World.Metadata;

/// <summary>How the metadata store behaves. The defaults are a healthy one.</summary>
internal sealed record MetadataFaults
{
    /// <summary>Shortest and longest time to an answer.</summary>
    public (TimeSpan First, TimeSpan Last) Latency { get; init; } = (TimeSpan.FromMicroseconds(100), TimeSpan.FromMilliseconds(5));

    /// <summary>Share of calls that fail and do nothing.</summary>
    public double FailsBefore { get; init; }

    /// <summary>Share of calls that are committed, but whose answer is lost.</summary>
    public double LosesReply { get; init; }

    /// <summary>No call is answered or takes effect before this moment.</summary>
    public TimeSpan PausedUntil { get; init; }
}
