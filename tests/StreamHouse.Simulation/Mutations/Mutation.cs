namespace StreamHouse.Simulation.Mutations;

/// <summary>Rules of the metadata store that are broken on purpose, in its own transactions. What is broken in the engine is a <see cref="Broker.EngineBreak"/>.</summary>
internal enum Mutation
{
    None,

    /// <summary>Slices are committed whatever the lease's epoch and holder.</summary>
    SkipTheFence,

    /// <summary>Taking a lease leaves its epoch as it was.</summary>
    KeepTheEpoch,

    /// <summary>A session that has expired can be renewed.</summary>
    RenewExpiredSession,

    /// <summary>
    /// Once a slice of a partition has been fenced, later ones of the same holder are committed all the same, wherever they begin: the store's half of
    /// <see cref="Broker.EngineBreak.CommitAfterFencedSlice"/>, without which the fence holds them back one by one.
    /// </summary>
    CommitAfterFencedSlice,

    /// <summary>A topic's deletion leaves its leases as they were.</summary>
    KeepLeasesOfDeletedTopic,

    /// <summary>The manifest rows of deleted topics stay, and their objects with them.</summary>
    KeepObjectsOfDeletedTopic,
}
