using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Metadata;

/// <summary>Who may write to a partition. A lease's epoch only grows; every write to the manifest names the epoch it holds.</summary>
public interface ILeaseStore
{
    /// <summary>Registers a running process. A null time-to-live never expires (the unified server's folder lock is its proof of life).</summary>
    Task RegisterSessionAsync(Session session, TimeSpan? timeToLive, CancellationToken ct);

    /// <summary>Extends a session that has not expired by the store's clock.</summary>
    /// <returns>False when it has expired or is unknown: register again under a new incarnation.</returns>
    Task<bool> RenewSessionAsync(Guid incarnation, TimeSpan timeToLive, CancellationToken ct);

    /// <summary>Releases every lease of a session and removes it.</summary>
    Task CloseSessionAsync(Guid incarnation, CancellationToken ct);

    /// <summary>
    /// Takes every live topic's leases whoever holds them, and ends all other sessions, in one transaction. Only for the process that owns the
    /// whole cluster.
    /// </summary>
    /// <param name="incarnation">The taker.</param>
    /// <param name="nodeLog">Identity of the taker's node log. A lease whose tail lies in another node log is refused.</param>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/> when a partition's tail lies in a node log that is not this
    /// one.</exception>
    Task<IReadOnlyList<Lease>> TakeAllLeasesAsync(Guid incarnation, Guid nodeLog, CancellationToken ct);

    /// <summary>Takes every lease of one topic that nobody holds, in one statement: how a server takes what it has just created.</summary>
    Task<IReadOnlyList<Lease>> TakeTopicLeasesAsync(TopicId topic, Guid incarnation, Guid? nodeLog, CancellationToken ct);

    /// <summary>
    /// Takes one lease if nobody holds it, or its holder's session has expired, or <paramref name="observedEpoch"/> is still its epoch (take-over
    /// by force).
    /// </summary>
    /// <returns>The lease, or null when another holds it, its topic is deleted, or its tail lies in a node log that is not
    /// <paramref name="nodeLog"/>.</returns>
    Task<Lease?> TakeLeaseAsync(TopicPartition partition, Guid incarnation, Guid? nodeLog, long? observedEpoch, CancellationToken ct);

    /// <summary>
    /// Partitions of live topics whose leases <see cref="TakeLeaseAsync"/> would give to anyone: nobody holds them, or a process whose session has
    /// expired. Topics that keep their tails in a node log are left out.
    /// </summary>
    Task<IReadOnlyList<TopicPartition>> ListFreeLeasesAsync(CancellationToken ct);

    /// <summary>Gives one lease back, if this incarnation still holds it at this epoch.</summary>
    Task<bool> ReleaseLeaseAsync(TopicPartition partition, Guid incarnation, long epoch, CancellationToken ct);

    /// <summary>
    /// The lease rows of some partitions, also of deleted topics while they exist, as they were at one moment of the call: every transaction that
    /// ended before the call is included, whichever process ran it. Linearizable reads rest on that: a store with replicas asks its primary.
    /// </summary>
    Task<IReadOnlyList<Lease>> ReadLeasesAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct);

    /// <summary>All lease rows of live topics, and of deleted ones whose rows still exist.</summary>
    Task<IReadOnlyList<Lease>> ListLeasesAsync(CancellationToken ct);

    /// <summary>
    /// Groups of deleted topics whose lease rows are gone, while a node log may still hold their batches. A group with neither a lease nor an entry
    /// here was lost, or was given out by a newer state of this metadata.
    /// </summary>
    Task<IReadOnlyList<DeletedGroup>> ListDeletedGroupsAsync(CancellationToken ct);

    /// <summary>Removes groups from <see cref="ListDeletedGroupsAsync"/>: no node log holds a batch of them any more.</summary>
    Task ForgetDeletedGroupsAsync(IReadOnlyList<long> groups, CancellationToken ct);
}

/// <summary>A running process.</summary>
/// <param name="Incarnation">Fresh for every start.</param>
/// <param name="AgentId">The agent's lasting name.</param>
/// <param name="Endpoints">Where it can be reached, by protocol name.</param>
public sealed record Session(Guid Incarnation, string AgentId, IReadOnlyDictionary<string, string> Endpoints);

/// <summary>One row of <c>partition_leases</c>.</summary>
/// <param name="Partition">Which partition.</param>
/// <param name="GroupId">Its number in node logs; never reused.</param>
/// <param name="Epoch">Current epoch.</param>
/// <param name="Holder">Incarnation that holds it, or null.</param>
/// <param name="NodeLog">Node log that holds its un-tiered tail, or null.</param>
/// <param name="EndOffset">End of what is committed to the manifest, exclusive.</param>
/// <param name="LogStartOffset">First readable offset.</param>
/// <param name="TopicDeleted">The topic is a tombstone.</param>
public sealed record Lease(
    TopicPartition Partition, long GroupId, long Epoch, Guid? Holder, Guid? NodeLog, long EndOffset, long LogStartOffset, bool TopicDeleted);

/// <summary>A partition of a deleted topic whose lease row is gone.</summary>
/// <param name="GroupId">Its number in node logs.</param>
/// <param name="NodeLog">The node log that may hold its batches; null when a version that did not note it removed the row.</param>
public readonly record struct DeletedGroup(long GroupId, Guid? NodeLog);
