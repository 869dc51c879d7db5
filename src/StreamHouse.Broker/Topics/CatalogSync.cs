using System.Collections.Immutable;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Topics;

/// <summary>Brings what this process serves in line with the metadata. Called by one change at a time.</summary>
internal sealed class CatalogSync(
    IMetadataStore metadata, TopicCatalog catalog, LedPartitions partitions, Func<Guid> incarnation, bool shared, BrokerMetrics metrics)
{
    /// <summary>Takes the leases of a topic's new partitions, and serves them.</summary>
    /// <param name="topic">The topic as it is from now on.</param>
    /// <param name="present">Its partitions that are open already.</param>
    public async Task OpenAsync(TopicDescription topic, IReadOnlyList<PartitionWriter> present)
    {
        IReadOnlyList<Lease> leases = await metadata.TakeTopicLeasesAsync(
            topic.Id, incarnation(), topic.Durability == Durability.Local ? partitions.NodeLogId : null, CancellationToken.None);
        metrics.LeasesTaken(leases.Count);
        if (!shared && leases.Count < topic.Partitions - present.Count)
        {
            // An earlier try took them, and its answer was lost.
            leases = [.. (await metadata.ListLeasesAsync(CancellationToken.None)).Where(l => l.Partition.Topic == topic.Id && l.Holder == incarnation())];
        }
        catalog.Put(partitions.Open(topic, leases, present));
    }

    /// <summary>Serves a topic with other settings.</summary>
    public void Configure(LedTopic topic, TopicDescription changed)
    {
        foreach (PartitionWriter partition in topic.Partitions)
        {
            partition.Config = changed.Config;
        }
        catalog.Put(topic with { Description = changed });
    }

    /// <summary>Serves a topic no more.</summary>
    public void Remove(LedTopic topic)
    {
        catalog.Remove(topic);
        partitions.CloseDeleted(topic.Partitions);
    }

    /// <summary>
    /// Serves what the metadata has, after changes whose outcome is unknown. For a process that leads everything: others look at the metadata all the time.
    /// </summary>
    public async Task CatchUpAsync(CancellationToken ct)
    {
        IReadOnlyList<TopicDescription> topics = await metadata.ListTopicsAsync(ct);
        HashSet<TopicId> live = [.. topics.Select(t => t.Id)];
        foreach (LedTopic gone in catalog.All.Where(t => !live.Contains(t.Description.Id)).ToList())
        {
            Remove(gone);
        }
        foreach (TopicDescription topic in topics)
        {
            LedTopic? known = catalog.Find(topic.Id);
            ImmutableArray<PartitionWriter> present = known?.Partitions ?? [];
            if (known is not null && !known.Description.Config.Overrides.SequenceEqual(topic.Config.Overrides))
            {
                Configure(known, known.Description with { Config = topic.Config });
            }
            if (present.Length != topic.Partitions)
            {
                await OpenAsync(topic, present);
            }
        }
    }
}
