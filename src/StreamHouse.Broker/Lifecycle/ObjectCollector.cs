using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>
/// Deletes objects that nothing refers to: always a tombstone in the metadata first, the object at least
/// <see cref="LifecycleOptions.DeleteDelay"/> later. Touches only segments under its own cluster's prefix, and nothing at all once an object
/// shows that the metadata is older than the objects.
/// </summary>
public sealed class ObjectCollector
{
    private const int PageObjects = 1000;

    /// <summary>Failures in one pass after which the store is taken to be failing, and the rest is left for the next pass.</summary>
    private const int FailedDeletesMax = 10;

    private readonly IManifestStore _manifest;
    private readonly IObjectStore _objects;
    private readonly OrphanScan _scan;
    private readonly LifecycleOptions _options;
    private readonly TimeProvider _clock;
    private readonly IRandomSource _random;
    private readonly BrokerMetrics _metrics;
    private readonly ILogger<ObjectCollector> _logger;
    private readonly string _prefix;
    private long? _scannedAt;
    private bool _tooManyUnreferenced;

    /// <summary>Nothing runs before <see cref="RunAsync"/>.</summary>
    public ObjectCollector(
        Guid clusterId, IManifestStore manifest, IObjectStore objects, LifecycleOptions options, TimeProvider clock, IRandomSource random,
        BrokerMetrics metrics, ILogger<ObjectCollector> logger)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _manifest = manifest;
        _objects = objects;
        _options = options;
        _clock = clock;
        _random = random;
        _metrics = metrics;
        _logger = logger;
        _prefix = SegmentKeys.DataPrefix(clusterId);
        _scan = new OrphanScan(_prefix, manifest, objects, options, clock, random);
    }

    /// <summary>Whether collection has stopped: a person must look.</summary>
    public bool Halted => _tooManyUnreferenced || MetadataIsOld;

    /// <summary>
    /// Whether an object was found that only newer metadata can have made. Stays until the process ends: new records may hide the evidence, but
    /// the objects of the lost metadata would still be gone.
    /// </summary>
    public bool MetadataIsOld { get; private set; }

    /// <summary>Objects that nothing referred to at the last search.</summary>
    public long UnreferencedObjects { get; private set; }

    /// <summary>Objects that waited for their deletion after the last pass.</summary>
    public long PendingObjects { get; private set; }

    /// <summary>Objects deleted since the start.</summary>
    public long DeletedObjects { get; private set; }

    /// <summary>Works until cancelled. A failed pass is logged and tried again at the next interval.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Jitter.Around(_options.CollectInterval, _random), _clock, ct);
                await TryRunOnceAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Shutting down: tombstones that are set will be found again.
        }
    }

    /// <summary>One pass: searches for orphans when that is due, then deletes what has waited long enough.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        // By the timestamp: a wall clock that is set back would put the next search off by as much.
        if (_scannedAt is not { } at || _clock.GetElapsedTime(at) >= _options.OrphanScanInterval)
        {
            await ScanAsync(ct);
            _scannedAt = _clock.GetTimestamp();
        }
        if (!Halted)
        {
            await DeletePendingAsync(ct);
            await _manifest.ForgetTombstonesAsync(_options.TombstoneRetention, ct);
        }
        PendingObjects = await _manifest.CountPendingDeletesAsync(ct);
    }

    private async Task TryRunOnceAsync(CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ct);
        }
        catch (Exception e) when (e is IOException or BrokerException)
        {
            Log.CollectionFailed(_logger, e);
        }
    }

    private async Task ScanAsync(CancellationToken ct)
    {
        OrphanScanResult found = await _scan.FindAsync(ct);
        UnreferencedObjects = found.Unreferenced;
        _tooManyUnreferenced = found.Unreferenced > _options.OrphanAlertObjects && found.Unreferenced > found.Total * _options.OrphanAlertShare;
        if (_tooManyUnreferenced)
        {
            Log.TooManyUnreferenced(_logger, found.Unreferenced, found.Total, _objects.Location);
            return;
        }

        // All are judged before the first is claimed: one object can show that none may go.
        List<PendingObject> replaced = await FindReplacedAsync(found.Candidates, ct);
        if (MetadataIsOld)
        {
            return;
        }
        foreach (PendingObject orphan in replaced)
        {
            if (_options.Break == EngineBreak.CollectWithoutTombstone)
            {
                await _objects.DeleteAsync(orphan.Key, ct);
                continue;
            }
            if (await _manifest.TombstoneAsync(orphan.ObjectId, orphan.Key, orphan.Bytes, ct))
            {
                _metrics.OrphansClaimed(1);
                Log.OrphanClaimed(_logger, orphan.Key, orphan.Bytes);
            }
        }
    }

    private async Task<List<PendingObject>> FindReplacedAsync(IReadOnlyList<PendingObject> orphans, CancellationToken ct)
    {
        OrphanJudge judge = new(_manifest, _objects);
        List<PendingObject> replaced = [];
        foreach (PendingObject orphan in orphans)
        {
            switch (await judge.JudgeAsync(orphan, ct))
            {
                case OrphanVerdict.Replaced:
                    replaced.Add(orphan);
                    break;
                case OrphanVerdict.Uncommitted:
                    Log.UncommittedKept(_logger, orphan.Key);
                    break;
                case OrphanVerdict.Unreadable:
                    Log.UnreadableKept(_logger, orphan.Key);
                    break;
                case OrphanVerdict.Newer:
                    MetadataIsOld = true;
                    Log.MetadataIsOld(_logger, orphan.Key, _objects.Location);
                    return replaced;
                case OrphanVerdict.Gone:
                    break;
            }
        }
        return replaced;
    }

    private async Task DeletePendingAsync(CancellationToken ct)
    {
        int failures = 0;
        bool isStoreFailing = false;
        while (true)
        {
            IReadOnlyList<PendingObject> due = await _manifest.ListPendingDeletesAsync(_options.DeleteDelay, PageObjects, ct);
            List<Guid> gone = [];
            long bytes = 0;
            foreach (PendingObject pending in due)
            {
                if (!IsOurs(pending))
                {
                    Log.ForeignKeyKept(_logger, pending.Key, _prefix);
                    continue;
                }
                try
                {
                    await _objects.DeleteAsync(pending.Key, ct);
                }
                catch (IOException e) when (++failures < FailedDeletesMax)
                {
                    // One object that cannot be deleted must not keep the others.
                    Log.DeleteFailed(_logger, pending.Key, e.Message);
                    continue;
                }
                catch (IOException e)
                {
                    Log.DeletesFailed(_logger, failures, _objects.Location, e.Message);
                    isStoreFailing = true;
                    break;
                }
                gone.Add(pending.ObjectId);
                bytes += pending.Bytes;
            }
            if (gone.Count > 0)
            {
                await _manifest.MarkDeletedAsync(gone, ct);
                _metrics.ObjectsDeleted(gone.Count, bytes);
                DeletedObjects += gone.Count;
            }
            if (due.Count < PageObjects || gone.Count == 0 || isStoreFailing)
            {
                return;
            }
        }
    }

    private bool IsOurs(PendingObject pending) =>
        pending.Key.StartsWith(_prefix, StringComparison.Ordinal)
        && SegmentKeys.TryParseObjectId(pending.Key, out Guid id)
        && id == pending.ObjectId;
}
