using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// A sequenced batch on its way into the node log. The log retains <see cref="Batch"/> until it is written, then calls exactly one of
/// <see cref="OnDurable"/> and <see cref="OnFailed"/>, in append order, on the log writer's context: both must be short and never block.
/// </summary>
public abstract class NodeLogEntry
{
    /// <summary>The partition's group id: unique for ever, never reused.</summary>
    public required long Group { get; init; }

    /// <summary>The lease epoch the batch was sequenced under.</summary>
    public required long Epoch { get; init; }

    /// <summary>Offset of the batch's first record.</summary>
    public required long BaseOffset { get; init; }

    /// <summary>Offsets the batch takes up.</summary>
    public required int Count { get; init; }

    /// <summary>The batch, base offset and leader epoch stamped.</summary>
    public required BufferSlice Batch { get; init; }

    /// <summary>The batch is on disk and synced.</summary>
    public abstract void OnDurable();

    /// <summary>The log has failed: the outcome is unknown, the process will stop.</summary>
    public abstract void OnFailed(Exception cause);
}

/// <summary>Answer to <c>NodeLog.Admit</c>.</summary>
public enum NodeLogAdmission
{
    /// <summary>Space is set aside for the append that must follow.</summary>
    Admitted,

    /// <summary>A new file is being reserved; try again when <c>NodeLog.SpaceChanged</c> is raised.</summary>
    Wait,

    /// <summary>The disk is full; answer with a retriable error.</summary>
    NoSpace,

    /// <summary>The log has failed or is closed.</summary>
    Closed,
}

/// <summary>What the metadata knows of a group when the log is recovered.</summary>
/// <param name="TieredEnd">The lease's end offset: everything below is in objects.</param>
/// <param name="Epoch">The lease's epoch: no record of the group can be of a later one.</param>
/// <param name="Deleted">The topic is deleted: its entries are dropped.</param>
public readonly record struct KnownGroup(long TieredEnd, long Epoch, bool Deleted);

/// <summary>A batch found by recovery that is not tiered yet. The receiver owns one reference to <see cref="Batch"/>'s buffer.</summary>
/// <param name="Epoch">Lease epoch it was sequenced under.</param>
/// <param name="BaseOffset">First offset.</param>
/// <param name="Count">Offsets it takes up.</param>
/// <param name="Batch">Its bytes.</param>
public readonly record struct RecoveredBatch(long Epoch, long BaseOffset, int Count, BufferSlice Batch);
