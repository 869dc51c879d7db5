namespace StreamHouse.Simulation.World.Disk;

/// <summary>How a disk behaves. The defaults are a healthy one.</summary>
internal sealed record DiskFaults
{
    /// <summary>Shortest and longest sync.</summary>
    public (TimeSpan First, TimeSpan Last) SyncTime { get; init; } = (TimeSpan.FromMicroseconds(200), TimeSpan.FromMilliseconds(2));

    /// <summary>Share of syncs that fail: their sectors stay unsynced.</summary>
    public double SyncFails { get; init; }

    /// <summary>No file can be reserved.</summary>
    public bool Full { get; init; }
}
