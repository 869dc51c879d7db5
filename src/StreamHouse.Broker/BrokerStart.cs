using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker;

/// <summary>
/// What a server establishes before it serves: one identity across metadata, objects and node log; the recovered node log;
/// and, for a unified server, every lease by force: the lock on its data folder has proved that no other process lives.
/// </summary>
internal sealed record BrokerStart(
    Guid ClusterId, Guid Incarnation, NodeLogRecovery Recovery, IReadOnlyList<Lease> Leases, IReadOnlyList<TopicDescription> Topics)
{
    /// <summary>Runs the steps in the only safe order: identities, then recovery against the metadata, then leases.</summary>
    /// <exception cref="BrokerException">Something does not belong together, or is damaged; the message says what to do.</exception>
    /// <param name="alone">This process has the cluster for itself, and takes every lease by force.</param>
    public static async Task<BrokerStart> RunAsync(BrokerPorts ports, BrokerOptions options, bool alone, BufferPool buffers, CancellationToken ct)
    {
        (Guid clusterId, _) = await ports.Metadata.GetOrCreateClusterAsync(ports.Random.NextGuid(), ct);
        bool hasObjects = await ports.Metadata.CountObjectsAsync(ct) > 0;
        await ClusterMarker.VerifyOrCreateAsync(ports.Objects, clusterId, hasObjects, options.AllowOtherClusters, ports.Clock.GetUtcNow(), ct);

        IReadOnlyList<Lease> known = await ports.Metadata.ListLeasesAsync(ct);
        Dictionary<long, KnownGroup> groups = new(known.Count);
        foreach (Lease lease in known)
        {
            groups.Add(lease.GroupId, new KnownGroup(lease.EndOffset, lease.TopicDeleted));
        }
        // Rows of deleted topics are pruned in time, but the log may hold their batches for longer. Ids are never reused.
        for (long id = await ports.Metadata.ReadNextGroupIdAsync(ct) - 1; id > 0; id--)
        {
            groups.TryAdd(id, new KnownGroup(0, Deleted: true));
        }
        NodeLogRecovery recovery = await NodeLog.OpenAsync(
            ports.LogDevice, options.NodeLog, options.Tail.RecoveredBytesMax, clusterId, groups, buffers, ports.Random, ports.Clock, ports.Metrics,
            ports.Loggers.CreateLogger<NodeLog>(), ct);

        Guid incarnation = ports.Random.NextGuid();
        if (!alone)
        {
            return new BrokerStart(clusterId, incarnation, recovery, [], []);
        }
        await ports.Metadata.RegisterSessionAsync(new Session(incarnation, "unified", new Dictionary<string, string>()), timeToLive: null, ct);
        IReadOnlyList<Lease> leases = await ports.Metadata.TakeAllLeasesAsync(incarnation, recovery.Log.Id, ct);
        ports.Metrics.LeasesTaken(leases.Count);
        return new BrokerStart(clusterId, incarnation, recovery, leases, await ports.Metadata.ListTopicsAsync(ct));
    }
}
