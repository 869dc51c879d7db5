namespace StreamHouse.Simulation.World.Objects;

/// <summary>How an object store behaves. The defaults are a healthy one.</summary>
internal sealed record ObjectFaults
{
    /// <summary>Shortest and longest time to an answer.</summary>
    public (TimeSpan First, TimeSpan Last) Latency { get; init; } = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(80));

    /// <summary>Share of calls that fail and do nothing.</summary>
    public double FailsBefore { get; init; }

    /// <summary>Share of calls that do what they should, and report a failure.</summary>
    public double FailsAfter { get; init; }

    /// <summary>Share of PUTs that report a failure and happen later all the same.</summary>
    public double LatePuts { get; init; }

    /// <summary>Longest time by which they are late.</summary>
    public TimeSpan LateBy { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Lists take this many times longer.</summary>
    public int ListSlowness { get; init; } = 1;
}
