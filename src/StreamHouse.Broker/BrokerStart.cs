using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Lifecycle;
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
    Guid ClusterId, Guid Incarnation, NodeLogRecovery Recovery, IReadOnlyList<Lease> Leases, IReadOnlyList<TopicDescription> Topics, Milestones Milestones)
{
    /// <summary>Runs the steps in the only safe order: identities, then recovery against the metadata, then leases.</summary>
    /// <exception cref="BrokerException">Something does not belong together, or is damaged; the message says what to do.</exception>
    /// <param name="alone">This process has the cluster for itself, and takes every lease by force.</param>
    public static async Task<BrokerStart> RunAsync(BrokerPorts ports, BrokerOptions options, bool alone, BufferPool buffers, CancellationToken ct)
    {
        (Guid clusterId, _) = await ports.Metadata.GetOrCreateClusterAsync(ports.Random.NextGuid(), ct);
        bool hasObjects = await ports.Metadata.CountObjectsAsync(ct) > 0;
        await ClusterMarker.VerifyOrCreateAsync(ports.Objects, clusterId, hasObjects, options.AllowOtherClusters, ports.Clock.GetUtcNow(), ct);

        IReadOnlyList<DeletedGroup> deleted = await ports.Metadata.ListDeletedGroupsAsync(ct);
        Dictionary<long, KnownGroup> groups = await ReadGroupsAsync(ports.Metadata, deleted, ct);
        NodeLogRecovery recovery = await NodeLog.OpenAsync(
            ports.LogDevice, options.NodeLog, options.Tail.RecoveredBytesMax, clusterId, groups, buffers, ports.Random, ports.Clock, ports.Metrics,
            ports.Loggers.CreateLogger<NodeLog>(), ct);

        Milestones milestones = new(
            clusterId, ports.Metadata, ports.Objects, options.Lifecycle, ports.Clock, ports.Random, ports.Loggers.CreateLogger<Milestones>());
        await milestones.StartAsync(options.AcceptOldMetadata, ct);
        await ForgetDeletedAsync(ports.Metadata, deleted, recovery, alone, ct);

        Guid incarnation = ports.Random.NextGuid();
        if (!alone)
        {
            return new BrokerStart(clusterId, incarnation, recovery, [], [], milestones);
        }
        await ports.Metadata.RegisterSessionAsync(new Session(incarnation, "unified", new Dictionary<string, string>()), timeToLive: null, ct);
        IReadOnlyList<Lease> leases = await ports.Metadata.TakeAllLeasesAsync(incarnation, recovery.Log.Id, ct);
        ports.Metrics.LeasesTaken(leases.Count);
        return new BrokerStart(clusterId, incarnation, recovery, leases, await ports.Metadata.ListTopicsAsync(ct), milestones);
    }

    private static async Task<Dictionary<long, KnownGroup>> ReadGroupsAsync(
        IMetadataStore metadata, IReadOnlyList<DeletedGroup> deleted, CancellationToken ct)
    {
        IReadOnlyList<TopicDescription> topics = await metadata.ListTopicsAsync(ct);
        IReadOnlyList<Lease> leases = await metadata.ListLeasesAsync(ct);
        Dictionary<long, KnownGroup> groups = new(leases.Count + deleted.Count);
        Dictionary<TopicId, int> counts = new(topics.Count);
        foreach (Lease lease in leases)
        {
            groups.Add(lease.GroupId, new KnownGroup(lease.EndOffset, lease.Epoch, lease.TopicDeleted));
            counts[lease.Partition.Topic] = counts.GetValueOrDefault(lease.Partition.Topic) + 1;
        }
        foreach (DeletedGroup group in deleted)
        {
            groups.TryAdd(group.GroupId, new KnownGroup(0, 0, Deleted: true));
        }
        if (topics.Any(t => counts.GetValueOrDefault(t.Id) < t.Partitions))
        {
            await RefuseLostLeasesAsync(metadata, topics, counts, ct);
        }
        return groups;
    }

    // Another process may have deleted the topic between the two lists. One that is still there had all its leases.
    private static async Task RefuseLostLeasesAsync(
        IMetadataStore metadata, IReadOnlyList<TopicDescription> before, Dictionary<TopicId, int> counts, CancellationToken ct)
    {
        HashSet<TopicId> live = [.. (await metadata.ListTopicsAsync(ct)).Select(t => t.Id)];
        foreach (TopicDescription topic in before)
        {
            int found = counts.GetValueOrDefault(topic.Id);
            if (found < topic.Partitions && live.Contains(topic.Id))
            {
                throw new BrokerException(
                    BrokerErrorCode.DataDamaged,
                    $"Topic '{topic.Name}' has {topic.Partitions} partitions, but the metadata has lease rows for {found} of them: rows were lost, and with "
                    + "them how far those partitions are committed. Nothing was changed. Put back an undamaged, newest copy of the metadata and start again.");
            }
        }
    }

    // A log that no longer holds a group's batches gets no new ones: the list stays as short as what logs still hold. What is of another log is its own.
    private static async Task ForgetDeletedAsync(
        IMetadataStore metadata, IReadOnlyList<DeletedGroup> deleted, NodeLogRecovery recovery, bool alone, CancellationToken ct)
    {
        long[] gone = [.. deleted
            .Where(g => (g.NodeLog == recovery.Log.Id || (g.NodeLog is null && alone)) && !recovery.GroupsMet.Contains(g.GroupId))
            .Select(g => g.GroupId)];
        if (gone.Length > 0)
        {
            await metadata.ForgetDeletedGroupsAsync(gone, ct);
        }
    }
}
