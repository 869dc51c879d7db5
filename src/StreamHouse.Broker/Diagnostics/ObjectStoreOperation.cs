namespace StreamHouse.Broker.Diagnostics;

/// <summary>What was asked of the object store.</summary>
public enum ObjectStoreOperation
{
    /// <summary>Storing a new object.</summary>
    Put,

    /// <summary>A ranged read.</summary>
    Read,

    /// <summary>One page of a listing.</summary>
    List,

    /// <summary>Removing an object.</summary>
    Delete,

    /// <summary>A health check.</summary>
    Check,
}
