namespace StreamHouse.Broker.Diagnostics;

/// <summary>Where records were read from.</summary>
public enum ReadSource
{
    /// <summary>The hot tail in memory.</summary>
    Tail,

    /// <summary>Segments in the object store, by way of the cache.</summary>
    Segment,
}
