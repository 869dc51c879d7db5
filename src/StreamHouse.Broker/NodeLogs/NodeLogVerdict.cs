namespace StreamHouse.Broker.NodeLogs;

/// <summary>How a node log ends.</summary>
public enum NodeLogVerdict
{
    /// <summary>After its last frame nothing more was written.</summary>
    Intact,

    /// <summary>A frame was being written when the process or machine stopped; it was never acknowledged.</summary>
    Torn,

    /// <summary>Data that had been synced, and may have been acknowledged, is damaged.</summary>
    Corrupt,
}
