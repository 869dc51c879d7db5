using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Leases;

/// <summary>
/// What a process leads of a cluster it shares: keeps its session alive, learns of topics that others have made or removed, takes leases that are
/// free, and gives up what it has lost. Safety does not rest on any of this: whoever holds no lease is fenced when it commits.
/// </summary>
internal sealed class LeaseKeeper(
    BrokerPorts ports, ClusterMembership options, Guid firstIncarnation, TopicCatalog catalog, LedPartitions partitions, TopicAdmin admin, ILogger logger)
    : IAsyncDisposable
{
    private readonly ProcessSession _session = new(ports.Metadata, options, firstIncarnation, ports.Random, ports.Clock, logger);
    private readonly CancellationTokenSource _stopTaking = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _renewing = Task.CompletedTask;
    private Task _scanning = Task.CompletedTask;

    /// <summary>See <see cref="ProcessSession.Incarnation"/>.</summary>
    public Guid Incarnation => _session.Incarnation;

    /// <summary>See <see cref="ProcessSession.IsSure"/>.</summary>
    public bool IsSure => _session.IsSure;

    /// <summary>Registers, looks around once, and goes on doing so.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        await _session.RegisterAsync(ct);
        await admin.ExclusivelyAsync(() => ScanAsync(ct));
        _renewing = RenewAsync();
        _scanning = RepeatScanAsync();
    }

    /// <summary>Takes no more leases; the session stays alive, so that what was appended can still be committed.</summary>
    public async Task StopTakingAsync()
    {
        _stopTaking.Cancel();
        await _scanning;
    }

    /// <summary>Ends it all.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopTakingAsync();
        _stop.Cancel();
        await _renewing;
        _stopTaking.Dispose();
        _stop.Dispose();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.RenewInterval, ports.Clock, _stop.Token);
                await _session.RenewAsync(CloseAll, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task RepeatScanAsync()
    {
        CancellationToken ct = _stopTaking.Token;
        try
        {
            while (true)
            {
                await Task.Delay(options.ScanInterval * (0.75 + (ports.Random.NextDouble() / 2)), ports.Clock, ct);
                await admin.ExclusivelyAsync(() => TryScanAsync(ct));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task TryScanAsync(CancellationToken ct)
    {
        try
        {
            await ScanAsync(ct);
        }
        catch (IOException e)
        {
            Log.Unanswered(logger, "scan", e.Message);
        }
    }

    private async Task ScanAsync(CancellationToken ct)
    {
        IReadOnlyList<TopicDescription> topics = await ports.Metadata.ListTopicsAsync(ct);
        Follow(topics);
        Guid me = Incarnation;
        foreach (Lease lease in await ports.Metadata.ListLeasesAsync(ct))
        {
            if (Compare(lease, me) && await ports.Metadata.TakeLeaseAsync(lease.Partition, me, nodeLog: null, lease.Epoch, ct) is { } anew)
            {
                Lead(anew, me);
            }
        }
        foreach (TopicPartition free in await ports.Metadata.ListFreeLeasesAsync(ct))
        {
            if (catalog.Find(free) is not null && await ports.Metadata.TakeLeaseAsync(free, me, nodeLog: null, observedEpoch: null, ct) is { } taken)
            {
                Lead(taken, me);
            }
        }
    }

    // Serves what the metadata has: topics that others have made, changed or deleted.
    private void Follow(IReadOnlyList<TopicDescription> topics)
    {
        HashSet<TopicId> live = [.. topics.Select(t => t.Id)];
        foreach (LedTopic gone in catalog.All.Where(t => !live.Contains(t.Description.Id)).ToList())
        {
            catalog.Remove(gone);
            partitions.CloseDeleted(gone.Partitions);
        }
        foreach (TopicDescription topic in topics)
        {
            LedTopic? known = catalog.Find(topic.Id);
            ImmutableArray<PartitionWriter> present = known?.Partitions ?? [];
            if (known is null || known.Description.Partitions != topic.Partitions || !known.Description.Config.Overrides.SequenceEqual(topic.Config.Overrides))
            {
                foreach (PartitionWriter partition in present)
                {
                    partition.Config = topic.Config;
                }
                catalog.Put(partitions.Open(topic, [], present));
            }
        }
    }

    // A lease whose taking was answered too late is ours all the same; one that somebody took by force is not, whatever we believe.
    // True when it is ours, but closed in this very epoch: an offset may have been given out that did not become durable, so another epoch is needed.
    private bool Compare(Lease lease, Guid me)
    {
        if (catalog.Find(lease.Partition) is not { } writer)
        {
            return false;
        }
        if (lease.Holder == me)
        {
            Lead(lease, me);
            return !writer.IsOpen && writer.Epoch == lease.Epoch;
        }
        if (writer.IsOpen)
        {
            Log.Lost(logger, writer.Topic, lease.Partition.Partition);
            writer.Close(BrokerErrorCode.Fenced, "The lease on this partition is lost; what was not acknowledged may be sent again to its new leader.");
        }
        return false;
    }

    private void Lead(Lease lease, Guid me)
    {
        LedTopic? topic = catalog.Find(lease.Partition.Topic);
        if (topic is null || lease.Partition.Partition >= topic.Partitions.Length || Incarnation != me)
        {
            return;
        }
        PartitionWriter before = topic.Partitions[lease.Partition.Partition];
        if (before.Epoch >= lease.Epoch)
        {
            return;
        }
        before.Close(BrokerErrorCode.Fenced, "The lease on this partition was taken anew; send again.");
        PartitionWriter writer = partitions.OpenTaken(topic.Description, lease);
        catalog.Put(topic with { Partitions = topic.Partitions.SetItem(lease.Partition.Partition, writer) });
        ports.Metrics.LeasesTaken(1);
        Log.Taken(logger, writer.Topic, lease.Partition.Partition, lease.EndOffset, lease.Epoch);
    }

    private void CloseAll()
    {
        foreach (LedTopic topic in catalog.All)
        {
            foreach (PartitionWriter partition in topic.Partitions)
            {
                partition.Close(BrokerErrorCode.Fenced, "The process's session has expired; send again to the partition's new leader.");
            }
        }
    }
}
