namespace StreamHouse.Broker;

/// <summary>
/// Deliberate faults of the engine, which only the simulation can ask for: each must be caught by its checks, or the checks are worth nothing.
/// </summary>
internal enum EngineBreak
{
    /// <summary>The engine as it is.</summary>
    None,

    /// <summary>Readers see batches that are sequenced but not durable.</summary>
    ServeAboveHighWatermark,

    /// <summary>A duplicate is answered with the log's end.</summary>
    AnswerDuplicateWithNewOffset,

    /// <summary>A producer's sequence counts as durable before its batch is.</summary>
    AdvanceSequenceBeforeDurability,

    /// <summary>The snapshot stored with a local slice includes batches above the slice's end.</summary>
    SnapshotWithPendingState,
}
