namespace StreamHouse.Broker.Metadata;

/// <summary>
/// All metadata of a cluster, as small ports. Each method is one transaction: it has happened entirely, or not at all,
/// or (<see cref="MetadataUnavailableException"/>) its outcome is unknown. Methods may be called concurrently.
/// </summary>
public interface IMetadataStore : IClusterStore, ITopicStore, ILeaseStore, IManifestStore, IGroupStore, IProducerIdStore;

/// <summary>The store did not answer, or answered too late: the outcome of a change is unknown.</summary>
public sealed class MetadataUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The cluster's identity and the store's health.</summary>
public interface IClusterStore
{
    /// <summary>The cluster id; made with <paramref name="candidate"/> when the store is new.</summary>
    /// <returns>The id, and whether this call made it.</returns>
    Task<(Guid ClusterId, bool Created)> GetOrCreateClusterAsync(Guid candidate, CancellationToken ct);

    /// <summary>Changes something small, to prove that the store answers and takes changes.</summary>
    Task CheckAsync(CancellationToken ct);

    /// <summary>The newest milestone: a number that only grows; 0 before the first.</summary>
    Task<long> ReadMilestoneAsync(CancellationToken ct);

    /// <summary>Sets the next milestone and returns it.</summary>
    Task<long> RaiseMilestoneAsync(CancellationToken ct);

    /// <summary>
    /// Makes metadata that was put back from an older copy safe to go on with: raises the milestone to <paramref name="milestone"/>, every lease's
    /// epoch by a million, and the next producer and group ids by a thousand million, far past what was given out since the copy was made.
    /// </summary>
    Task AdvancePastAsync(long milestone, CancellationToken ct);

    /// <summary>
    /// Ends with the cause when this process must never trust the store again, since it no longer knows what it has kept: the process must then exit.
    /// </summary>
    Task<Exception> Failed { get; }
}

/// <summary>Producer ids, given out in blocks so that one transaction serves many producers.</summary>
public interface IProducerIdStore
{
    /// <summary>Takes <paramref name="count"/> ids never given out before; returns the first.</summary>
    Task<long> AllocateProducerIdsAsync(int count, CancellationToken ct);
}
