namespace StreamHouse.Simulation.Mutations;

/// <summary>
/// What is broken on purpose, at the border of engine and world: the engine believes that a promise was kept, and acts on it. Each stands for
/// a mistake an engine could make there. Mistakes that do not show at the border are <see cref="Broker.EngineBreak"/>s.
/// </summary>
internal enum Mutation
{
    None,

    /// <summary>Writes to the node log count as done once they are in the page cache.</summary>
    AcknowledgeBeforeSync,

    /// <summary>The same, only for what recovery copies.</summary>
    RecoverWithoutSync,

    /// <summary>Slices are committed whoever holds the lease.</summary>
    SkipTheFence,

    /// <summary>Taking a lease leaves its epoch as it was.</summary>
    KeepTheEpoch,

    /// <summary>Objects are named without their ids, and overwritten.</summary>
    ReuseObjectKeys,

    /// <summary>An upload that failed counts as done.</summary>
    DropFailedUpload,

    /// <summary>A commit whose outcome is unknown is tried again as another object.</summary>
    RetryCommitUnderNewId,

    /// <summary>What was to be committed counts as committed before it is.</summary>
    TrimBeforeCommit,

    /// <summary>Every object looks old enough to be an orphan.</summary>
    CollectYoungOrphan,

    /// <summary>An orphan is deleted at once, without a tombstone.</summary>
    CollectWithoutTombstone,

    /// <summary>A session that has expired can be renewed.</summary>
    RenewExpiredSession,
}
