using StreamHouse.Broker.Async;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Topics;

/// <summary>
/// Creates, changes and deletes topics: first in the metadata, then in this process. One change at a time, so that what the process
/// serves never differs from the metadata for longer than a change takes. A change that has begun is carried to its end, whoever still waits for it.
/// </summary>
internal sealed class TopicAdmin(
    IMetadataStore metadata, TopicCatalog catalog, LedPartitions partitions, TopicOptions options, Func<Guid> incarnation,
    bool shared, IRandomSource random, TimeProvider clock, BrokerMetrics metrics)
{
    private readonly AsyncGate _oneAtATime = new(1);

    /// <summary>See <see cref="IBroker.CheckNewTopic"/>.</summary>
    /// <returns>The number of partitions the topic would get.</returns>
    public int CheckNew(string name, int? partitionCount)
    {
        TopicName.ThrowIfInvalid(name);
        int count = partitionCount ?? options.PartitionsDefault;
        if (catalog.Find(name) is not null)
        {
            throw new BrokerException(BrokerErrorCode.TopicAlreadyExists, $"Topic '{name}' exists already.");
        }
        ThrowIfTooMany(count, count);
        return count;
    }

    /// <summary>See <see cref="IBroker.CreateTopicAsync"/>.</summary>
    public async Task<TopicDescription> CreateAsync(string name, int? partitionCount, Durability? durability, TopicConfig config)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            int count = CheckNew(name, partitionCount);
            TopicDescription topic = new(
                new TopicId(random.NextGuid()), name, count, durability ?? (shared ? Durability.Object : options.DurabilityDefault), config, clock.GetUtcNow());
            if (shared && topic.Durability == Durability.Local)
            {
                throw new BrokerException(
                    BrokerErrorCode.InvalidConfig,
                    "Several processes share this cluster, and a tail in one's node log could not be taken over by another. Use durability 'object'.");
            }
            ThrowIfNotLoggable(topic.Durability, TopicConfig.Default, config);
            await metadata.CreateTopicAsync(topic, CancellationToken.None);
            await OpenAsync(topic, []);
            return topic;
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    /// <summary>Makes a change to what this process serves while no other is made.</summary>
    public async Task ExclusivelyAsync(Func<Task> change)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            await change();
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    /// <summary>See <see cref="IBroker.DeleteTopicAsync"/>.</summary>
    public async Task DeleteAsync(TopicId id)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            LedTopic topic = Require(id);
            await metadata.DeleteTopicAsync(id, CancellationToken.None);
            catalog.Remove(topic);
            partitions.CloseDeleted(topic.Partitions);
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    /// <summary>See <see cref="IBroker.SetTopicConfigAsync"/>.</summary>
    public Task<TopicDescription> SetConfigAsync(TopicId id, TopicConfig config) => ChangeConfigAsync(id, _ => config);

    /// <summary>See <see cref="IBroker.ChangeTopicConfigAsync"/>.</summary>
    public Task<TopicDescription> ChangeConfigAsync(TopicId id, IReadOnlyList<TopicConfigChange> changes) =>
        ChangeConfigAsync(id, present => present.Apply(changes));

    private async Task<TopicDescription> ChangeConfigAsync(TopicId id, Func<TopicConfig, TopicConfig> change)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            LedTopic topic = Require(id);
            TopicConfig config = change(topic.Description.Config);
            ThrowIfNotLoggable(topic.Description.Durability, topic.Description.Config, config);
            await metadata.SetTopicConfigAsync(id, config, CancellationToken.None);
            TopicDescription changed = topic.Description with { Config = config };
            foreach (PartitionWriter partition in topic.Partitions)
            {
                partition.Config = config;
            }
            catalog.Put(topic with { Description = changed });
            return changed;
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    /// <summary>See <see cref="IBroker.CheckAddedPartitions"/>.</summary>
    public void CheckAdded(TopicId id, int count) => CheckAdded(Require(id), count);

    /// <summary>See <see cref="IBroker.AddPartitionsAsync"/>.</summary>
    public async Task<TopicDescription> AddPartitionsAsync(TopicId id, int count)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            LedTopic topic = Require(id);
            CheckAdded(topic, count);
            await metadata.AddPartitionsAsync(id, count, CancellationToken.None);
            TopicDescription changed = topic.Description with { Partitions = count };
            await OpenAsync(changed, topic.Partitions);
            return changed;
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    private void CheckAdded(LedTopic topic, int count)
    {
        int present = topic.Description.Partitions;
        if (count <= present)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidPartitions,
                $"Topic '{topic.Description.Name}' has {present} partitions; the number can only be raised, and {count} is not more.");
        }
        ThrowIfTooMany(count, count - present);
    }

    private async Task OpenAsync(TopicDescription topic, IReadOnlyList<PartitionWriter> present)
    {
        IReadOnlyList<Lease> leases = await metadata.TakeTopicLeasesAsync(
            topic.Id, incarnation(), topic.Durability == Durability.Local ? partitions.NodeLogId : null, CancellationToken.None);
        metrics.LeasesTaken(leases.Count);
        catalog.Put(partitions.Open(topic, leases, present));
    }

    private LedTopic Require(TopicId id) =>
        catalog.Find(id) ?? throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic {id}.");

    // Only a change is refused: when the log was made smaller, a topic's other settings can still be changed.
    private void ThrowIfNotLoggable(Durability durability, TopicConfig present, TopicConfig wanted)
    {
        if (durability == Durability.Local && wanted.MaxMessageBytes != present.MaxMessageBytes && wanted.MaxMessageBytes > partitions.NodeLogBatchBytesMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidConfig,
                $"Setting 'max.message.bytes' is {wanted.MaxMessageBytes}, but batches of a local topic go through this server's node log, which takes up to "
                + $"{partitions.NodeLogBatchBytesMax} bytes. Lower it, or raise NodeLog:FileBytes.");
        }
    }

    private void ThrowIfTooMany(int partitionsOfTopic, int added)
    {
        if (partitionsOfTopic < 1 || partitionsOfTopic > options.PartitionsPerTopicMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidPartitions, $"A topic has 1 to {options.PartitionsPerTopicMax} partitions; {partitionsOfTopic} were asked for.");
        }
        if (partitions.Count + (long)added > options.PartitionsMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidPartitions,
                $"The server has {partitions.Count} partitions of at most {options.PartitionsMax}; {added} more do not fit. Raise PartitionsMax or delete topics.");
        }
    }
}
