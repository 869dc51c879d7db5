using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Metadata;

/// <summary>Which slice of which object holds which offsets, and which objects may be deleted.</summary>
public interface IManifestStore
{
    /// <summary>
    /// Commits an object's slices in one transaction, each under its epoch, holder and exact base offset. Calling it again with the
    /// same commit is safe and tells what became of it: the way to resolve an unknown outcome.
    /// </summary>
    /// <returns>One outcome per slice, in the commit's order.</returns>
    /// <exception cref="ObjectTombstonedException">The collector has claimed the object id: upload again under a new one.</exception>
    /// <exception cref="MetadataUnavailableException">Outcome unknown: call again with the same commit.</exception>
    Task<IReadOnlyList<SliceOutcome>> CommitAsync(ObjectCommit commit, CancellationToken ct);

    /// <summary>A partition's slices that end above <paramref name="fromOffset"/>, in offset order.</summary>
    Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct);

    /// <summary>Bytes of the slices of each partition of a live topic; partitions without slices are left out.</summary>
    Task<IReadOnlyDictionary<TopicPartition, long>> ReadSliceBytesAsync(CancellationToken ct);

    /// <summary>A partition's newest slice, or null.</summary>
    Task<SegmentRow?> FindLastSegmentAsync(TopicPartition partition, CancellationToken ct);

    /// <summary>A partition's epochs with the offsets they began at, oldest first.</summary>
    Task<IReadOnlyList<LeaderEpochRow>> ListLeaderEpochsAsync(TopicPartition partition, CancellationToken ct);

    /// <summary>
    /// Moves a partition's log start forward (never back, at most to the committed end) under its lease.
    /// </summary>
    /// <returns>The log start now in force, or null when fenced.</returns>
    Task<long?> AdvanceLogStartAsync(TopicPartition partition, Guid holder, long epoch, long logStart, CancellationToken ct);

    /// <summary>
    /// Removes up to <paramref name="limit"/> manifest rows that lie wholly below their partition's log start (its newest row always stays)
    /// or belong to a deleted topic, and marks objects that nothing refers to any more pending_delete. When a deleted topic has no rows
    /// left, its lease rows, epochs and group offsets go too.
    /// </summary>
    /// <returns>Rows removed.</returns>
    Task<int> PruneAsync(int limit, CancellationToken ct);

    /// <summary>Which of these object ids the manifest accounts for: live, or waiting for their deletion.</summary>
    Task<IReadOnlySet<Guid>> FilterKnownAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct);

    /// <summary>What the metadata knows of each of these partitions, in the order asked.</summary>
    Task<IReadOnlyList<PartitionKnowledge>> ReadKnowledgeAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct);

    /// <summary>Number of objects that wait for their deletion.</summary>
    Task<long> CountPendingDeletesAsync(CancellationToken ct);

    /// <summary>Number of live objects in the manifest.</summary>
    Task<long> CountObjectsAsync(CancellationToken ct);

    /// <summary>Claims an unreferenced object for deletion by inserting a pending_delete row.</summary>
    /// <returns>False when the object is live: a commit was faster.</returns>
    Task<bool> TombstoneAsync(Guid objectId, string key, long bytes, CancellationToken ct);

    /// <summary>
    /// Objects that have been pending_delete for longer than <paramref name="age"/> and are not yet known to be gone. By the store's clock: a process
    /// whose own clock is wrong must not delete early.
    /// </summary>
    Task<IReadOnlyList<PendingObject>> ListPendingDeletesAsync(TimeSpan age, int limit, CancellationToken ct);

    /// <summary>Notes that a pending object has been deleted from the store; its tombstone stays.</summary>
    Task MarkDeletedAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct);

    /// <summary>Removes tombstones of objects that were deleted longer than <paramref name="age"/> ago, by the store's clock.</summary>
    Task<int> ForgetTombstonesAsync(TimeSpan age, CancellationToken ct);
}

/// <summary>What one upload commits.</summary>
/// <param name="ObjectId">The upload's fresh id.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Bytes">The object's size.</param>
/// <param name="Holder">The committing incarnation.</param>
/// <param name="Slices">Its slices.</param>
public sealed record ObjectCommit(Guid ObjectId, string Key, long Bytes, Guid Holder, IReadOnlyList<SliceCommit> Slices);

/// <summary>One slice of an <see cref="ObjectCommit"/>.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Epoch">The lease epoch it is committed under.</param>
/// <param name="BaseOffset">First offset.</param>
/// <param name="EndOffset">Offset after the last.</param>
/// <param name="Position">Where it starts in the object.</param>
/// <param name="Length">Bytes.</param>
/// <param name="MaxTimestamp">Largest record timestamp, ms since 1970.</param>
/// <param name="Records">Records.</param>
/// <param name="BatchEpochs">Batch epochs in the slice with the offset each begins at, ascending; written to leader_epochs when new.</param>
public sealed record SliceCommit(
    TopicPartition Partition, long Epoch, long BaseOffset, long EndOffset, long Position, long Length, long MaxTimestamp, long Records,
    IReadOnlyList<LeaderEpochRow> BatchEpochs);

/// <summary>What became of a slice.</summary>
public enum SliceOutcome
{
    /// <summary>In the manifest.</summary>
    Committed,

    /// <summary>The lease is at another epoch, holder or offset: never to be tried again.</summary>
    Fenced,
}

/// <summary>A row of the manifest, joined with its object's.</summary>
/// <param name="ObjectBytes">Size of the whole object: its footer, and so its table, is found from the end.</param>
/// <param name="CommittedAt">When the object was committed, by the metadata store's clock.</param>
public sealed record SegmentRow(
    TopicPartition Partition, long BaseOffset, long EndOffset, long Epoch, Guid ObjectId, string Key, long ObjectBytes, long Position, long Length,
    long MaxTimestamp, long Records, DateTimeOffset CommittedAt);

/// <summary>Whether a partition exists, and how far it is committed.</summary>
/// <param name="Presence">Whether it exists. Everything else means something only for <see cref="PartitionPresence.Live"/>.</param>
/// <param name="Durability">Its topic's.</param>
/// <param name="Epoch">Its lease's epoch.</param>
/// <param name="EndOffset">End of what is committed, exclusive.</param>
public readonly record struct PartitionKnowledge(PartitionPresence Presence, Durability Durability, long Epoch, long EndOffset);

/// <summary>Whether a partition exists.</summary>
public enum PartitionPresence
{
    /// <summary>This metadata has never had it.</summary>
    Unknown,

    /// <summary>Its topic has been deleted.</summary>
    Deleted,

    /// <summary>It exists.</summary>
    Live,
}

/// <summary>The first offset of a leader epoch.</summary>
public readonly record struct LeaderEpochRow(long Epoch, long StartOffset);

/// <summary>An object waiting to be deleted.</summary>
public readonly record struct PendingObject(Guid ObjectId, string Key, long Bytes);

/// <summary>The collector has claimed this object id.</summary>
public sealed class ObjectTombstonedException(Guid objectId) : IOException($"Object {objectId:D} was claimed by the collector before its commit.")
{
    /// <summary>The id.</summary>
    public Guid ObjectId { get; } = objectId;
}
