using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Leases;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;
using StreamHouse.Records;

namespace StreamHouse.Broker;

/// <summary>
/// The engine in this process: a unified server's, which leads every partition (<see cref="StartAsync"/>), or one of several over one metadata store
/// (<see cref="StartSharedAsync"/>).
/// </summary>
public sealed class LocalBroker : IBroker, IAsyncDisposable
{
    private readonly BrokerPorts _ports;
    private readonly BrokerStart _start;
    private readonly NodeLog _nodeLog;
    private readonly TailMemory _memory;
    private readonly SegmentCache _cache;
    private readonly UploadHealth _uploadHealth;
    private readonly SegmentUploader _localUploads;
    private readonly SegmentUploader _objectUploads;
    private readonly LedPartitions _partitions;
    private readonly TopicCatalog _catalog;
    private readonly TopicAdmin _topics;
    private readonly FetchCoordinator _fetches;
    private readonly LinearizableReads _linearizable;
    private readonly OffsetFinder _offsets;
    private readonly EpochHistory _epochs;
    private readonly ManifestCache _manifest;
    private readonly ProducerIds _producerIds;
    private readonly GroupCoordinator _groups;
    private readonly LogStarts _logStarts;
    private readonly LeaseKeeper? _leases;
    private LifecycleWorkers? _lifecycle;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopping;

    private LocalBroker(BrokerPorts ports, BrokerOptions options, ClusterMembership? shared, BufferPool buffers, BrokerStart start)
    {
        _ports = ports;
        _start = start;
        _nodeLog = start.Recovery.Log;
        Buffers = buffers;
        Options = options;
        _memory = new TailMemory(options.Tail);
        _cache = new SegmentCache(ports.Objects, buffers, ports.Metrics, options.SegmentCache);
        _manifest = new ManifestCache(ports.Metadata, options.Manifest);
        TieredReader tiered = new(ports.Metadata, _manifest, new SegmentReader(_cache, buffers, options.SegmentCache, RecordBatchReader.DefaultDecompressedBytesMax));
        _uploadHealth = new UploadHealth(ports.Clock);
        SliceUpload upload = new(
            start.ClusterId, ports.Objects, ports.Metadata, _nodeLog, _memory, _uploadHealth, ports.Random, ports.Clock, ports.Metrics, options.Break,
            ports.Loggers.CreateLogger<SliceUpload>());
        _localUploads = new SegmentUploader(options.LocalUploadsInForce, upload, OnFault, ports.Clock, ports.Loggers.CreateLogger<SegmentUploader>());
        _objectUploads = new SegmentUploader(options.ObjectUploads, upload, OnFault, ports.Clock, ports.Loggers.CreateLogger<SegmentUploader>());
        AppendTimeouts timeouts = new(ports.Clock, options.Tail.WaitTimeout);
        PartitionServices services = new(
            ports.Clock, _nodeLog, new SlabArena(buffers), _memory, new AppendAdmission(_nodeLog, _memory, _uploadHealth, timeouts, FlushAll),
            timeouts, new BatchValidator(), ports.Metrics, tiered, () => _leases is not { IsSure: false }, options.Break,
            ports.Loggers.CreateLogger<PartitionWriter>());
        _partitions = new LedPartitions(services, _localUploads, _objectUploads, shared is not null);
        _catalog = new TopicCatalog(ports.Clock);
        _topics = new TopicAdmin(
            ports.Metadata, _catalog, _partitions, options.Topics, () => Incarnation, shared is not null, ports.Random, ports.Clock, ports.Metrics,
            ports.Loggers.CreateLogger<TopicAdmin>());
        if (shared is not null)
        {
            _leases = new LeaseKeeper(
                ports, shared, start.Incarnation, _catalog, _partitions, _topics, ports.Loggers.CreateLogger<LeaseKeeper>());
        }
        _fetches = new FetchCoordinator(_catalog.Find, UnknownCode, tiered, ports.Clock, ports.Metrics, options.Fetch);
        _linearizable = new LinearizableReads(
            _catalog.Find, new ReadBarrier(ports.Metadata, ports.Clock, options.Fetch), _fetches, ports.Clock, options.Break);
        _epochs = new EpochHistory(ports.Metadata);
        _offsets = new OffsetFinder(tiered, _epochs);
        _producerIds = new ProducerIds(ports.Metadata);
        _groups = new GroupCoordinator(
            ports.Metadata, id => _catalog.Find(id)?.Description, options.Groups, ports.Clock, ports.Random, ports.Metrics,
            ports.Loggers.CreateLogger<GroupCoordinator>());
        _logStarts = new LogStarts(ports.Metadata);
        _nodeLog.SpaceChanged += _memory.WakeWaiters;
    }

    /// <inheritdoc/>
    public BufferPool Buffers { get; }

    /// <inheritdoc/>
    public IGroupCoordinator Groups => _groups;

    /// <summary>
    /// Ends with the cause when the node log, the metadata store or uploading has failed for good: the process must then exit, without
    /// acknowledging anything more.
    /// </summary>
    public Task<Exception> Failed => _failed.Task;

    /// <inheritdoc/>
    public BrokerOptions Options { get; }

    /// <inheritdoc/>
    public BrokerStatus Status => new(
        _start.ClusterId, Incarnation, _catalog.Count, _partitions.Count, _memory.UntieredBytes, _memory.Options.UntieredBytesMax,
        _nodeLog.BytesInUse, _ports.Objects.Location);

    /// <summary>Recovers, takes every lease and starts. Only for a process that has proved to be the only one of its cluster.</summary>
    /// <exception cref="BrokerException">The stored state does not fit together or is damaged; the message says what to do.</exception>
    public static Task<LocalBroker> StartAsync(BrokerPorts ports, BrokerOptions options, CancellationToken ct) =>
        OpenAsync(ports, options, shared: null, ct);

    /// <summary>
    /// Starts one of several processes of a cluster: it leads those partitions of <see cref="Durability.Object"/> topics whose leases it can get, and
    /// loses them again when its session expires or somebody takes them by force.
    /// </summary>
    /// <exception cref="BrokerException">The stored state does not fit together or is damaged; the message says what to do.</exception>
    public static Task<LocalBroker> StartSharedAsync(BrokerPorts ports, BrokerOptions options, ClusterMembership shared, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(shared);
        shared.Validate();
        return OpenAsync(ports, options, shared, ct);
    }

    private static async Task<LocalBroker> OpenAsync(BrokerPorts ports, BrokerOptions options, ClusterMembership? shared, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentNullException.ThrowIfNull(options);
        ports = ports with { Objects = new MeteredObjectStore(ports.Objects, ports.Metrics, ports.Clock) };
        BufferPool buffers = new(options.PooledBytesMax);
        BrokerStart start = await BrokerStart.RunAsync(ports, options, alone: shared is null, buffers, ct);
        LocalBroker broker = new(ports, options, shared, buffers, start);
        broker.OpenPartitions();
        if (broker._leases is { } leases)
        {
            await leases.StartAsync(ct);
        }
        broker.Observe();
        _ = broker.WatchAsync(broker._nodeLog.Failed);
        _ = broker.WatchAsync(ports.Metadata.Failed);
        broker._localUploads.Start();
        broker._objectUploads.Start();
        broker._lifecycle = new LifecycleWorkers(ports, options.Lifecycle, start.ClusterId, broker._catalog, start.Milestones);
        broker._groups.Start();
        return broker;
    }

    /// <summary>
    /// Stops: new appends are refused, what is in progress is completed, object topics are uploaded as far as <paramref name="ct"/> allows,
    /// the node log is synced and closed. What a node log holds needs no upload: the next start recovers it.
    /// </summary>
    public async Task StopAsync(CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _stopping, true))
        {
            return;
        }
        await _groups.DisposeAsync();
        _topics.Dispose();
        if (_lifecycle is { } lifecycle)
        {
            await lifecycle.DisposeAsync();
        }
        if (_leases is { } leases)
        {
            await leases.StopTakingAsync();
        }
        await _objectUploads.StopAsync(drain: true, ct);
        await _localUploads.StopAsync(drain: false, ct);
        await _nodeLog.DisposeAsync();
        foreach (LedTopic topic in _catalog.All)
        {
            foreach (PartitionWriter partition in topic.Partitions)
            {
                partition.Close(BrokerErrorCode.ShuttingDown, "The server has stopped; send again to its successor.");
            }
        }
        if (_leases is { } keeper)
        {
            await keeper.DisposeAsync();
        }
        await CloseSessionAsync(ct);
        _cache.Dispose();
    }

    /// <summary>Stops without a time limit.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task<AppendResult> Append(in AppendRequest request)
    {
        if (Volatile.Read(ref _stopping))
        {
            return Task.FromResult(AppendResult.Refused(BrokerErrorCode.ShuttingDown, "The server is shutting down; send again to its successor."));
        }
        return _catalog.Find(request.Partition) is { } partition
            ? partition.Append(request)
            : Task.FromResult(AppendResult.Refused(UnknownCode(request.Partition), $"There is no partition {request.Partition}."));
    }

    /// <inheritdoc/>
    public ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Consistency == ReadConsistency.Linearizable ? _linearizable.FetchAsync(request, ct) : _fetches.FetchAsync(request, ct);
    }

    /// <inheritdoc/>
    public Task<OffsetResult> FindOffsetAsync(
        TopicPartition partition, OffsetQuery query, long timestampMs, ReadConsistency consistency, CancellationToken ct) =>
        StorageFaults.TranslateAsync(async () =>
        {
            if (consistency == ReadConsistency.Linearizable)
            {
                await _linearizable.ConfirmAsync(RequireLed(partition), ct);
            }
            return await _offsets.FindAsync(RequireLed(partition), query, timestampMs, ct);
        });

    /// <inheritdoc/>
    public Task<EpochEnd> FindEpochEndAsync(TopicPartition partition, long epoch, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _epochs.FindEndAsync(Require(partition), epoch, ct));

    /// <inheritdoc/>
    public Task<long> NewProducerIdAsync(CancellationToken ct) => StorageFaults.TranslateAsync(() => _producerIds.NextAsync(ct));

    /// <inheritdoc/>
    public TopicDescription? FindTopic(string name) => _catalog.Find(name)?.Description;

    /// <inheritdoc/>
    public TopicDescription? FindTopic(TopicId id) => _catalog.Find(id)?.Description;

    /// <inheritdoc/>
    public TopicDescription? FindDeletedTopic(string name) => _catalog.FindDeleted(name);

    /// <inheritdoc/>
    public IReadOnlyList<TopicDescription> ListTopics() => [.. _catalog.All.Select(t => t.Description)];

    /// <inheritdoc/>
    public void CheckNewTopic(string name, int? partitions) => _topics.CheckNew(name, partitions);

    /// <inheritdoc/>
    public Task<TopicDescription> CreateTopicAsync(string name, int? partitions, Durability? durability, TopicConfig config, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _topics.CreateAsync(name, partitions, durability, config).WaitAsync(ct));

    /// <inheritdoc/>
    public Task DeleteTopicAsync(TopicId topic, CancellationToken ct) => StorageFaults.TranslateAsync(async () =>
    {
        await _topics.DeleteAsync(topic).WaitAsync(ct);
        return true;
    });

    /// <inheritdoc/>
    public Task<TopicDescription> SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _topics.SetConfigAsync(topic, config).WaitAsync(ct));

    /// <inheritdoc/>
    public Task<TopicDescription> ChangeTopicConfigAsync(TopicId topic, IReadOnlyList<TopicConfigChange> changes, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _topics.ChangeConfigAsync(topic, changes).WaitAsync(ct));

    /// <inheritdoc/>
    public void CheckAddedPartitions(TopicId topic, int partitions) => _topics.CheckAdded(topic, partitions);

    /// <inheritdoc/>
    public Task<TopicDescription> AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _topics.AddPartitionsAsync(topic, partitions).WaitAsync(ct));

    /// <inheritdoc/>
    public IReadOnlyList<PartitionStatus> DescribePartitions(TopicId topic) =>
        _catalog.Find(topic) is { } found
            ? [.. found.Partitions.Select(p => p.Describe())]
            : throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic {topic}.");

    /// <inheritdoc/>
    public PartitionStatus DescribePartition(TopicPartition partition) => Require(partition).Describe();

    /// <inheritdoc/>
    public Task<long> DeleteRecordsAsync(TopicPartition partition, long offset, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _logStarts.AdvanceAsync(RequireLed(partition), UploaderOf(Require(partition)), offset, ct));

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<TopicPartition, long>> ReadTieredBytesAsync(CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _ports.Metadata.ReadSliceBytesAsync(ct));

    /// <inheritdoc/>
    public Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct) =>
        StorageFaults.TranslateAsync(() => _ports.Metadata.ListSegmentsAsync(Require(partition).Partition, fromOffset, limit, ct));

    /// <inheritdoc/>
    public Task CheckHealthAsync(CancellationToken ct) => StorageFaults.TranslateAsync(async () =>
    {
        _uploadHealth.ThrowIfFailing();
        await RequireAnswerAsync("The metadata store", _ports.Metadata.CheckAsync(ct), ct);
        await RequireAnswerAsync($"The object store at {_ports.Objects.Location}", _ports.Objects.CheckAsync(ct), ct);
        return true;
    });

    /// <summary>Begins to upload all tails: an append waits for space, and only an upload can make some.</summary>
    internal void FlushAll()
    {
        _localUploads.Flush();
        _objectUploads.Flush();
    }

    private static async Task RequireAnswerAsync(string who, Task answer, CancellationToken ct)
    {
        try
        {
            await answer.WaitAsync(ct);
        }
        catch (OperationCanceledException e) when (ct.IsCancellationRequested)
        {
            throw new BrokerException(BrokerErrorCode.TimedOut, $"{who} did not answer in time.", e);
        }
    }

    private async Task WatchAsync(Task<Exception> failed) => OnFault(await failed);

    private void OnFault(Exception cause) => _failed.TrySetResult(cause);

    private void OpenPartitions()
    {
        ILookup<TopicId, Lease> leases = _start.Leases.ToLookup(l => l.Partition.Topic);
        _catalog.PutAll(_start.Topics.Select(t => _partitions.Open(t, [.. leases[t.Id]], [], _start.Recovery.Groups)));
    }

    private void Observe()
    {
        BrokerMetrics metrics = _ports.Metrics;
        metrics.Observe(BrokerGauge.TailBytes, () => _memory.UntieredBytes);
        metrics.Observe(BrokerGauge.TailBytesMax, () => _memory.Options.UntieredBytesMax);
        metrics.Observe(BrokerGauge.WaitingAppends, () => _memory.WaitingAppends);
        metrics.Observe(BrokerGauge.NodeLogBytes, () => _nodeLog.BytesInUse);
        metrics.Observe(BrokerGauge.NodeLogFiles, () => _nodeLog.FilesInUse);
        metrics.Observe(BrokerGauge.NodeLogQueuedBatches, () => _nodeLog.QueuedBatches);
        metrics.Observe(BrokerGauge.SegmentCacheBytes, () => _cache.Bytes);
        metrics.Observe(BrokerGauge.SegmentCacheBytesMax, () => _cache.BytesMax);
        metrics.Observe(BrokerGauge.UploadsInFlight, () => _localUploads.InFlight + _objectUploads.InFlight);
        metrics.Observe(BrokerGauge.Topics, () => _catalog.Count);
        metrics.Observe(BrokerGauge.Partitions, () => _partitions.Count);
        metrics.Observe(BrokerGauge.ObjectsPendingDelete, () => _lifecycle?.Collector.PendingObjects ?? 0);
        metrics.Observe(BrokerGauge.CollectorHalted, () => _lifecycle is { Collector.Halted: true } ? 1 : 0);
        metrics.Observe(BrokerGauge.PartitionsOffline, () => _catalog.All.Sum(t => t.Partitions.Count(p => !p.IsOpen)));
        metrics.Observe(BrokerGauge.ObjectsUnreferenced, () => _lifecycle?.Collector.UnreferencedObjects ?? 0);
    }

    // A session that stays behind stops nobody: the next start takes its leases by force, or waits for it to expire.
    private async Task CloseSessionAsync(CancellationToken ct)
    {
        try
        {
            await _ports.Metadata.CloseSessionAsync(Incarnation, ct);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Log.SessionLeft(_ports.Loggers.CreateLogger<LocalBroker>(), e.Message);
        }
    }

    private SegmentUploader UploaderOf(PartitionWriter partition) => partition.Durability == Durability.Local ? _localUploads : _objectUploads;

    private Guid Incarnation => _leases?.Incarnation ?? _start.Incarnation;

    private PartitionWriter RequireLed(TopicPartition partition)
    {
        PartitionWriter writer = Require(partition);
        writer.ThrowIfNotLed();
        return writer;
    }

    private PartitionWriter Require(TopicPartition partition) =>
        _catalog.Find(partition) ?? throw new BrokerException(UnknownCode(partition), $"There is no partition {partition}.");

    private BrokerErrorCode UnknownCode(TopicPartition partition) =>
        _catalog.Find(partition.Topic) is null ? BrokerErrorCode.UnknownTopic : BrokerErrorCode.UnknownPartition;
}
