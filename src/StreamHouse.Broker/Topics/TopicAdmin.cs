using Microsoft.Extensions.Logging;
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
    bool shared, IRandomSource random, TimeProvider clock, BrokerMetrics metrics, ILogger logger) : IDisposable
{
    private static readonly TimeSpan CatchUpInterval = TimeSpan.FromSeconds(1);

    private readonly AsyncGate _oneAtATime = new(1);
    private readonly CatalogSync _sync = new(metadata, catalog, partitions, incarnation, shared, metrics);
    private readonly CancellationTokenSource _stop = new();
    private Task _catchingUp = Task.CompletedTask;
    private bool _isUnsure;

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
    public Task<TopicDescription> CreateAsync(string name, int? partitionCount, Durability? durability, TopicConfig config) => ChangeAsync(async () =>
    {
        int count = CheckNew(name, partitionCount);
        TopicDescription topic = new(
            new TopicId(random.NextGuid()), name, count, durability ?? (shared ? Durability.Object : options.DurabilityDefault), config,
            clock.GetUtcNow());
        if (shared && topic.Durability == Durability.Local)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidConfig,
                "Several processes share this cluster, and a tail in one's node log could not be taken over by another. Use durability 'object'.");
        }
        ThrowIfNotLoggable(topic.Durability, TopicConfig.Default, config);
        await metadata.CreateTopicAsync(topic, CancellationToken.None);
        await _sync.OpenAsync(topic, []);
        return topic;
    });

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
    public Task DeleteAsync(TopicId id) => ChangeAsync(async () =>
    {
        LedTopic topic = Require(id);
        await metadata.DeleteTopicAsync(id, CancellationToken.None);
        _sync.Remove(topic);
        return true;
    });

    /// <summary>See <see cref="IBroker.SetTopicConfigAsync"/>.</summary>
    public Task<TopicDescription> SetConfigAsync(TopicId id, TopicConfig config) => ChangeConfigAsync(id, _ => config);

    /// <summary>See <see cref="IBroker.ChangeTopicConfigAsync"/>.</summary>
    public Task<TopicDescription> ChangeConfigAsync(TopicId id, IReadOnlyList<TopicConfigChange> changes) =>
        ChangeConfigAsync(id, present => present.Apply(changes));

    /// <summary>See <see cref="IBroker.CheckAddedPartitions"/>.</summary>
    public void CheckAdded(TopicId id, int count) => CheckAdded(Require(id), count);

    /// <summary>See <see cref="IBroker.AddPartitionsAsync"/>.</summary>
    public Task<TopicDescription> AddPartitionsAsync(TopicId id, int count) => ChangeAsync(async () =>
    {
        LedTopic topic = Require(id);
        CheckAdded(topic, count);
        await metadata.AddPartitionsAsync(id, count, CancellationToken.None);
        TopicDescription changed = topic.Description with { Partitions = count };
        await _sync.OpenAsync(changed, topic.Partitions);
        return changed;
    });

    /// <summary>Looks at the metadata no more.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private Task<TopicDescription> ChangeConfigAsync(TopicId id, Func<TopicConfig, TopicConfig> change) => ChangeAsync(async () =>
    {
        LedTopic topic = Require(id);
        TopicConfig config = change(topic.Description.Config);
        ThrowIfNotLoggable(topic.Description.Durability, topic.Description.Config, config);
        await metadata.SetTopicConfigAsync(id, config, CancellationToken.None);
        TopicDescription changed = topic.Description with { Config = config };
        _sync.Configure(topic, changed);
        return changed;
    });

    // A change that failed for want of an answer may have been made all the same, wholly or in part: until that is known, what is served may be
    // wrong.
    private async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        await _oneAtATime.EnterAsync();
        try
        {
            await CatchUpIfUnsureAsync(CancellationToken.None);
            return await change();
        }
        catch (IOException) when (!shared)
        {
            _isUnsure = true;
            if (_catchingUp.IsCompleted && !_stop.IsCancellationRequested)
            {
                _catchingUp = RepeatCatchUpAsync(_stop.Token);
            }
            throw;
        }
        finally
        {
            _oneAtATime.Leave();
        }
    }

    private async Task CatchUpIfUnsureAsync(CancellationToken ct)
    {
        if (_isUnsure)
        {
            await _sync.CatchUpAsync(ct);
            _isUnsure = false;
        }
    }

    private async Task RepeatCatchUpAsync(CancellationToken ct)
    {
        try
        {
            while (_isUnsure)
            {
                await Task.Delay(CatchUpInterval, clock, ct);
                await ExclusivelyAsync(() => TryCatchUpAsync(ct));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped: the next start reads everything.
        }
    }

    private async Task TryCatchUpAsync(CancellationToken ct)
    {
        try
        {
            await CatchUpIfUnsureAsync(ct);
        }
        catch (Exception e) when (e is IOException or BrokerException)
        {
            Log.CatchUpFailed(logger, e.Message);
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

    private LedTopic Require(TopicId id) =>
        catalog.Find(id) ?? throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic {id}.");

    // Only a change is refused: when the log was made smaller, a topic's other settings can still be changed.
    private void ThrowIfNotLoggable(Durability durability, TopicConfig present, TopicConfig wanted)
    {
        if (durability == Durability.Local
            && wanted.MaxMessageBytes != present.MaxMessageBytes
            && wanted.MaxMessageBytes > partitions.NodeLogBatchBytesMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidConfig,
                $"Setting 'max.message.bytes' is {wanted.MaxMessageBytes}, but batches of a local topic go through this server's node log, which "
                + $"takes up to {partitions.NodeLogBatchBytesMax} bytes. Lower it, or raise NodeLog:FileBytes.");
        }
    }

    private void ThrowIfTooMany(int partitionsOfTopic, int added)
    {
        if (partitionsOfTopic < 1 || partitionsOfTopic > options.PartitionsPerTopicMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidPartitions,
                $"A topic has 1 to {options.PartitionsPerTopicMax} partitions; {partitionsOfTopic} were asked for.");
        }
        if (partitions.Count + (long)added > options.PartitionsMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidPartitions,
                $"The server has {partitions.Count} partitions of at most {options.PartitionsMax}; {added} more do not fit. Raise PartitionsMax or "
                + "delete topics.");
        }
    }
}
