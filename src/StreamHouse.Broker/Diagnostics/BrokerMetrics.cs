using System.Diagnostics.Metrics;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Diagnostics;

/// <summary>
/// The broker's measurements, one method per event. Made once and passed to whoever records; safe to call from any thread; recording
/// allocates nothing, and costs next to nothing while nobody listens. Listeners find the instruments under <see cref="Meter"/>.
/// </summary>
public sealed class BrokerMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "StreamHouse";

    private readonly Counter<long> _produceRequests;
    private readonly Histogram<double> _produceDuration;
    private readonly Counter<long> _fetchRequests;
    private readonly Histogram<double> _fetchDuration;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _appendedRecords;
    private readonly Counter<long> _appendedBytes;
    private readonly Counter<long> _appendedBatches;
    private readonly Histogram<double> _appendDuration;
    private readonly Counter<long> _readRecords;
    private readonly Counter<long> _readBytes;
    private readonly UpDownCounter<long> _waitingFetches;
    private readonly Histogram<double> _syncDuration;
    private readonly Histogram<long> _frameBytes;
    private readonly Histogram<long> _frameBatches;
    private readonly Counter<long> _reservedFiles;
    private readonly Histogram<double> _uploadDuration;
    private readonly Counter<long> _uploadedBytes;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _committedSlices;
    private readonly Counter<long> _fencedSlices;
    private readonly Counter<long> _cacheHits;
    private readonly Counter<long> _cacheMisses;
    private readonly Counter<long> _cacheReadBytes;
    private readonly Histogram<double> _objectStoreDuration;
    private readonly Counter<long> _expiredRecords;
    private readonly Counter<long> _prunedSegments;
    private readonly Counter<long> _deletedObjects;
    private readonly Counter<long> _deletedBytes;
    private readonly Counter<long> _orphans;
    private readonly Counter<long> _leases;
    private readonly Counter<long> _groupGenerations;
    private readonly Counter<long> _groupMembersLost;
    private readonly Counter<long> _committedOffsets;

    /// <summary>Makes the instruments. One instance per broker.</summary>
    public BrokerMetrics()
    {
        Meter = new Meter(MeterName);
        _produceRequests = Meter.CreateCounter<long>("streamhouse.produce.requests", null, "Produce requests answered, by outcome.");
        _produceDuration = Duration("streamhouse.produce.duration", "Time from a produce request's arrival to its answer.");
        _fetchRequests = Meter.CreateCounter<long>("streamhouse.fetch.requests", null, "Fetch requests answered, by outcome.");
        _fetchDuration = Duration("streamhouse.fetch.duration", "Time from a fetch request's arrival to its answer, its wait for data included.");
        _connections = Meter.CreateUpDownCounter<long>("streamhouse.connections", null, "Open client connections or streams.");
        _appendedRecords = Meter.CreateCounter<long>("streamhouse.append.records", null, "Records sequenced.");
        _appendedBytes = Meter.CreateCounter<long>("streamhouse.append", "By", "Bytes of batches sequenced, as stored.");
        _appendedBatches = Meter.CreateCounter<long>("streamhouse.append.batches", null, "Batches sequenced or refused, by outcome.");
        _appendDuration = Duration("streamhouse.append.duration", "Time from a batch's arrival at its partition to its acknowledgement.");
        _readRecords = Meter.CreateCounter<long>("streamhouse.read.records", null, "Records handed to readers.");
        _readBytes = Meter.CreateCounter<long>("streamhouse.read", "By", "Bytes of batches handed to readers.");
        _waitingFetches = Meter.CreateUpDownCounter<long>("streamhouse.waiting.fetches", null, "Fetches waiting for data.");
        _syncDuration = Duration("streamhouse.nodelog.sync.duration", "Time to write and sync one node-log frame.");
        _frameBytes = Sizes("streamhouse.nodelog.frame.size", "By", "Size of node-log frames.", MetricBuckets.Bytes);
        _frameBatches = Sizes("streamhouse.nodelog.frame.batches", null, "Batches made durable by one sync.", MetricBuckets.Counts);
        _reservedFiles = Meter.CreateCounter<long>("streamhouse.nodelog.files.reserved", null, "Node-log files made ready for writing.");
        _uploadDuration = Duration("streamhouse.upload.duration", "Time to store one object of slices.");
        _uploadedBytes = Meter.CreateCounter<long>("streamhouse.upload", "By", "Bytes of objects stored.");
        _commitDuration = Duration("streamhouse.commit.duration", "Time to commit one object's slices to the manifest.");
        _committedSlices = Meter.CreateCounter<long>("streamhouse.commit.slices", null, "Slices committed to the manifest.");
        _fencedSlices = Meter.CreateCounter<long>("streamhouse.commit.slices.fenced", null, "Slices refused because their lease was lost.");
        _cacheHits = Meter.CreateCounter<long>("streamhouse.segment_cache.hits", null, "Blocks found in the segment cache.");
        _cacheMisses = Meter.CreateCounter<long>("streamhouse.segment_cache.misses", null, "Blocks that had to be read from the object store.");
        _cacheReadBytes = Meter.CreateCounter<long>("streamhouse.segment_cache.filled", "By", "Bytes read into the segment cache.");
        _objectStoreDuration = Duration("streamhouse.object_store.duration", "Time of requests to the object store, retries included.");
        _expiredRecords = Meter.CreateCounter<long>("streamhouse.retention.records", null, "Records that retention moved below the log start.");
        _prunedSegments = Meter.CreateCounter<long>("streamhouse.retention.segments", null, "Manifest rows removed.");
        _deletedObjects = Meter.CreateCounter<long>("streamhouse.collector.objects", null, "Objects deleted from the object store.");
        _deletedBytes = Meter.CreateCounter<long>("streamhouse.collector.deleted", "By", "Bytes of objects deleted from the object store.");
        _orphans = Meter.CreateCounter<long>("streamhouse.collector.orphans", null, "Objects claimed because nothing refers to them.");
        _leases = Meter.CreateCounter<long>("streamhouse.leases.taken", null, "Partition leases taken.");
        _groupGenerations = Meter.CreateCounter<long>("streamhouse.group.rebalances", null, "Rebalances of consumer groups that came to a new generation.");
        _groupMembersLost = Meter.CreateCounter<long>("streamhouse.group.members.lost", null, "Members removed from consumer groups because they were silent or late.");
        _committedOffsets = Meter.CreateCounter<long>("streamhouse.group.commits", null, "Offsets that consumer groups committed or could not, by outcome.");
    }

    /// <summary>What the instruments belong to; a listener that serves one broker of several in a process compares by reference.</summary>
    public Meter Meter { get; }

    /// <summary>A produce request was answered, with the first error among its partitions if any.</summary>
    public void ProduceAnswered(FrontEnd frontEnd, BrokerErrorCode code, TimeSpan duration)
    {
        _produceRequests.Add(1, MetricTags.Of(frontEnd), MetricTags.Of(code));
        _produceDuration.Record(duration.TotalSeconds, MetricTags.Of(frontEnd));
    }

    /// <summary>A fetch request was answered, with the first error among its partitions if any.</summary>
    public void FetchAnswered(FrontEnd frontEnd, BrokerErrorCode code, TimeSpan duration)
    {
        _fetchRequests.Add(1, MetricTags.Of(frontEnd), MetricTags.Of(code));
        _fetchDuration.Record(duration.TotalSeconds, MetricTags.Of(frontEnd));
    }

    /// <summary>A client connected, or opened a long-lived stream.</summary>
    public void ConnectionOpened(FrontEnd frontEnd) => _connections.Add(1, MetricTags.Of(frontEnd));

    /// <summary>What <see cref="ConnectionOpened"/> counted has ended.</summary>
    public void ConnectionClosed(FrontEnd frontEnd) => _connections.Add(-1, MetricTags.Of(frontEnd));

    /// <summary>A batch was given its offsets.</summary>
    public void BatchSequenced(int records, int bytes)
    {
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
        _appendedBatches.Add(1, MetricTags.Of(BrokerErrorCode.None));
    }

    /// <summary>A batch was refused, or failed after it was sequenced.</summary>
    public void BatchRefused(BrokerErrorCode code) => _appendedBatches.Add(1, MetricTags.Of(code));

    /// <summary>A batch was acknowledged.</summary>
    public void BatchAcknowledged(AckDurability durability, TimeSpan sinceArrival) =>
        _appendDuration.Record(sinceArrival.TotalSeconds, MetricTags.Of(durability));

    /// <summary>Batches were handed to a reader.</summary>
    public void BatchesRead(ReadSource source, long records, long bytes)
    {
        _readRecords.Add(records, MetricTags.Of(source));
        _readBytes.Add(bytes, MetricTags.Of(source));
    }

    /// <summary>A fetch waits for data.</summary>
    public void FetchWaits() => _waitingFetches.Add(1);

    /// <summary>What <see cref="FetchWaits"/> counted was woken, timed out or cancelled.</summary>
    public void FetchResumed() => _waitingFetches.Add(-1);

    /// <summary>The node log wrote and synced one frame.</summary>
    public void NodeLogSynced(TimeSpan duration, int bytes, int batches)
    {
        _syncDuration.Record(duration.TotalSeconds);
        _frameBytes.Record(bytes);
        _frameBatches.Record(batches);
    }

    /// <summary>A node-log file was made ready for writing, or no space was found for one.</summary>
    public void NodeLogFileReserved(bool succeeded) => _reservedFiles.Add(1, succeeded ? MetricTags.Succeeded : MetricTags.Failed);

    /// <summary>An object of slices was stored.</summary>
    public void UploadSucceeded(TimeSpan duration, long bytes)
    {
        _uploadDuration.Record(duration.TotalSeconds, MetricTags.Succeeded);
        _uploadedBytes.Add(bytes);
    }

    /// <summary>Storing an object failed; its data will be tried again.</summary>
    public void UploadFailed(TimeSpan duration) => _uploadDuration.Record(duration.TotalSeconds, MetricTags.Failed);

    /// <summary>An object's slices were committed to the manifest, some of them possibly refused by the fence.</summary>
    public void CommitSucceeded(TimeSpan duration, int slicesCommitted, int slicesFenced)
    {
        _commitDuration.Record(duration.TotalSeconds, MetricTags.Succeeded);
        _committedSlices.Add(slicesCommitted);
        _fencedSlices.Add(slicesFenced);
    }

    /// <summary>A commit failed or its outcome is unknown; it will be tried again.</summary>
    public void CommitFailed(TimeSpan duration) => _commitDuration.Record(duration.TotalSeconds, MetricTags.Failed);

    /// <summary>A block was found in the segment cache.</summary>
    public void SegmentCacheHit() => _cacheHits.Add(1);

    /// <summary>A block was read into the segment cache.</summary>
    public void SegmentCacheMissed(int bytesRead)
    {
        _cacheMisses.Add(1);
        _cacheReadBytes.Add(bytesRead);
    }

    /// <summary>The object store answered, or failed to.</summary>
    public void ObjectStoreAnswered(ObjectStoreOperation operation, bool succeeded, TimeSpan duration) =>
        _objectStoreDuration.Record(duration.TotalSeconds, MetricTags.Of(operation), succeeded ? MetricTags.Succeeded : MetricTags.Failed);

    /// <summary>Retention moved a partition's log start.</summary>
    public void RecordsExpired(long records) => _expiredRecords.Add(records);

    /// <summary>Manifest rows were removed.</summary>
    public void SegmentsPruned(int rows) => _prunedSegments.Add(rows);

    /// <summary>The collector deleted objects.</summary>
    public void ObjectsDeleted(int objects, long bytes)
    {
        _deletedObjects.Add(objects);
        _deletedBytes.Add(bytes);
    }

    /// <summary>The collector claimed objects that nothing refers to.</summary>
    public void OrphansClaimed(int objects) => _orphans.Add(objects);

    /// <summary>Partition leases were taken.</summary>
    public void LeasesTaken(int leases) => _leases.Add(leases);

    /// <summary>A consumer group began a new generation.</summary>
    public void GroupRebalanced() => _groupGenerations.Add(1);

    /// <summary>Members of a consumer group were removed because they were silent or late.</summary>
    public void GroupMembersLost(int members) => _groupMembersLost.Add(members);

    /// <summary>Offsets of a consumer group were committed, or refused.</summary>
    public void OffsetsCommitted(IReadOnlyList<BrokerErrorCode> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        for (int i = 0; i < outcomes.Count; i++)
        {
            _committedOffsets.Add(1, MetricTags.Of(outcomes[i]));
        }
    }

    /// <summary>Has the groups that have members counted by <paramref name="count"/>, state by state, when someone asks. Once.</summary>
    public void ObserveGroups(Func<GroupState, long> count) => Meter.CreateObservableGauge(
        "streamhouse.groups", () => Array.ConvertAll(MetricTags.LiveGroups, state => new Measurement<long>(count(state), MetricTags.Of(state))),
        null, "Consumer groups that have members, by state.");

    /// <summary>Has <paramref name="gauge"/> read by <paramref name="read"/>, which is called from any thread and must be quick. Once per gauge.</summary>
    public void Observe(BrokerGauge gauge, Func<long> read)
    {
        (string name, string? unit, string description) = MetricGauges.Describe(gauge);
        Meter.CreateObservableGauge(name, read, unit, description);
    }

    /// <summary>Adds zero to counters, so that a listener that has just started shows them before their first event.</summary>
    public void RecordZeros()
    {
        Counter<long>[] untagged =
        [
            _appendedRecords, _appendedBytes, _uploadedBytes, _committedSlices, _fencedSlices, _cacheHits, _cacheMisses, _cacheReadBytes,
            _expiredRecords, _prunedSegments, _deletedObjects, _deletedBytes, _orphans, _leases, _groupGenerations, _groupMembersLost,
        ];
        foreach (Counter<long> counter in untagged)
        {
            counter.Add(0);
        }
        foreach (FrontEnd frontEnd in Enum.GetValues<FrontEnd>())
        {
            _produceRequests.Add(0, MetricTags.Of(frontEnd), MetricTags.Of(BrokerErrorCode.None));
            _fetchRequests.Add(0, MetricTags.Of(frontEnd), MetricTags.Of(BrokerErrorCode.None));
            _connections.Add(0, MetricTags.Of(frontEnd));
        }
        foreach (ReadSource source in Enum.GetValues<ReadSource>())
        {
            _readRecords.Add(0, MetricTags.Of(source));
            _readBytes.Add(0, MetricTags.Of(source));
        }
        _waitingFetches.Add(0);
        _committedOffsets.Add(0, MetricTags.Of(BrokerErrorCode.None));
    }

    /// <summary>Takes the instruments back from all listeners.</summary>
    public void Dispose() => Meter.Dispose();

    private Histogram<double> Duration(string name, string description) =>
        Meter.CreateHistogram(name, "s", description, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = MetricBuckets.Seconds });

    private Histogram<long> Sizes(string name, string? unit, string description, long[] buckets) =>
        Meter.CreateHistogram(name, unit, description, advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = buckets });
}
