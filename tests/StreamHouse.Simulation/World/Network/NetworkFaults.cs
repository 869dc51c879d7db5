namespace StreamHouse.Simulation.World.Network;

/// <summary>How the network behaves. The defaults are a healthy one.</summary>
internal sealed record NetworkFaults
{
    /// <summary>Shortest and longest way from one end to the other.</summary>
    public (TimeSpan First, TimeSpan Last) Delay { get; init; } = (TimeSpan.FromMicroseconds(100), TimeSpan.FromMilliseconds(3));

    /// <summary>Share of messages that are lost, and their connection with them.</summary>
    public double Loss { get; init; }

    /// <summary>Share of messages that arrive a second time, some time later.</summary>
    public double Duplicates { get; init; }
}
