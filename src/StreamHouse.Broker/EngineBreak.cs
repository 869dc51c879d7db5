namespace StreamHouse.Broker;

/// <summary>
/// Deliberate faults of the engine, which only the simulation can ask for: each must be caught by its checks, or the checks are worth nothing.
/// </summary>
internal enum EngineBreak
{
    /// <summary>The engine as it is.</summary>
    None,

    /// <summary>Producers are answered before the node log's frame is written and synced.</summary>
    AcknowledgeBeforeSync,

    /// <summary>The object of an upload is named by where its first slice begins, so that two attempts share a name.</summary>
    ReuseObjectKey,

    /// <summary>
    /// A producer's sequence counts as durable before its batch is: the batch sent again is acknowledged as a duplicate while the first may yet
    /// fail.
    /// </summary>
    AdvanceSequenceBeforeDurability,

    /// <summary>The batches of an upload that failed are forgotten.</summary>
    DropFailedUpload,

    /// <summary>A commit whose outcome is unknown is tried again as another object.</summary>
    RetryCommitUnderNewId,

    /// <summary>Readers see batches that are sequenced but not durable.</summary>
    ServeAboveHighWatermark,

    /// <summary>An orphan is collected whatever its age.</summary>
    CollectYoungOrphan,

    /// <summary>The node log gives up what is uploaded before that is committed.</summary>
    TrimBeforeCommit,

    /// <summary>A duplicate is answered with the log's end.</summary>
    AnswerDuplicateWithNewOffset,

    /// <summary>Offsets of a group are acknowledged before they are stored, so that a restart loses them.</summary>
    LoseGroupCommit,

    /// <summary>Recovery takes what it finds in the node log as synced, and copies none of it.</summary>
    RecoverWithoutSync,

    /// <summary>A partition that was fenced stays in the uploads that were in flight behind.</summary>
    CommitAfterFencedSlice,

    /// <summary>The snapshot stored with a local slice includes batches above the slice's end.</summary>
    SnapshotWithPendingState,

    /// <summary>Recovery cuts the node log one block below what was proved to be synced.</summary>
    CutBelowDurable,

    /// <summary>An orphan is deleted at once, without a tombstone.</summary>
    CollectWithoutTombstone,

    /// <summary>Linearizable reads are answered from memory, without a look at the lease row.</summary>
    SkipTheReadBarrier,

    /// <summary>An append with acks=1 is answered with where it would be, and never sequenced.</summary>
    AcknowledgeUnsequenced,

    /// <summary>Recovery takes damage in what was proved to be synced for a torn end, and cuts it off.</summary>
    TakeDamageForTornEnd,

    /// <summary>Recovery takes a torn end for damage, and refuses the start.</summary>
    TakeTornEndForDamage,
}
