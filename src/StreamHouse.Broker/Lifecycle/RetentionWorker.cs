using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>Applies retention to the partitions led here, and removes manifest rows that nothing can read any more.</summary>
public sealed class RetentionWorker
{
    private const int SegmentPageRows = 1000;

    private readonly ILogDirectory _logs;
    private readonly IManifestStore _manifest;
    private readonly LifecycleOptions _options;
    private readonly TimeProvider _clock;
    private readonly IRandomSource _random;
    private readonly BrokerMetrics _metrics;
    private readonly ILogger<RetentionWorker> _logger;

    /// <summary>Nothing runs before <see cref="RunAsync"/>.</summary>
    public RetentionWorker(
        ILogDirectory logs, IManifestStore manifest, LifecycleOptions options, TimeProvider clock, IRandomSource random, BrokerMetrics metrics,
        ILogger<RetentionWorker> logger)
    {
        _logs = logs;
        _manifest = manifest;
        _options = options;
        _clock = clock;
        _random = random;
        _metrics = metrics;
        _logger = logger;
    }

    /// <summary>Works until cancelled. A failed pass is logged and tried again at the next interval.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Jitter.Around(_options.RetentionInterval, _random), _clock, ct);
                await TryRunOnceAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Shutting down: every pass is safe to leave at any point.
        }
    }

    /// <summary>One pass over all partitions led here, then over the manifest.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        foreach (LedPartition partition in _logs.LedPartitions)
        {
            await RetireAsync(partition, ct);
        }
        for (int batch = 0; batch < _options.PruneBatchesMax; batch++)
        {
            int removed = await _manifest.PruneAsync(_options.PruneRowsMax, ct);
            _metrics.SegmentsPruned(removed);
            if (removed < _options.PruneRowsMax)
            {
                break;
            }
        }
    }

    private async Task TryRunOnceAsync(CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ct);
        }
        catch (Exception e) when (e is IOException or BrokerException)
        {
            Log.RetentionFailed(_logger, e);
        }
    }

    private async Task RetireAsync(LedPartition partition, CancellationToken ct)
    {
        TopicConfig config = partition.Config;
        if ((config.RetentionMs < 0 && config.RetentionBytes < 0) || partition.LogStart >= partition.HighWatermark)
        {
            return;
        }
        DateTimeOffset now = _clock.GetUtcNow();
        IReadOnlyList<SegmentRow> segments = await ListAsync(partition, now, ct);
        long wanted = RetentionPolicy.LogStart(segments, config, now, partition.LogStart, partition.HighWatermark);
        if (wanted <= partition.LogStart)
        {
            return;
        }

        // Fenced means that another process leads the partition now, and applies its retention.
        long? inForce = await _manifest.AdvanceLogStartAsync(partition.Partition, partition.Holder, partition.Epoch, wanted, ct);
        if (inForce is { } logStart)
        {
            Log.LogStartAdvanced(_logger, partition.Partition, partition.LogStart, logStart);
            _metrics.RecordsExpired(Math.Max(0, logStart - partition.LogStart));
            _logs.LogStartAdvanced(partition.Partition, logStart);
        }
    }

    private async Task<IReadOnlyList<SegmentRow>> ListAsync(LedPartition partition, DateTimeOffset now, CancellationToken ct)
    {
        List<SegmentRow> segments = [];
        long from = partition.LogStart;
        while (true)
        {
            // By age alone the first slice usually stays, so one row is usually enough.
            bool needsAll = partition.Config.RetentionBytes >= 0;
            int limit = needsAll || segments.Count > 0 ? SegmentPageRows : 1;
            IReadOnlyList<SegmentRow> page = await _manifest.ListSegmentsAsync(partition.Partition, from, limit, ct);
            segments.AddRange(page);
            if (page.Count < limit || (!needsAll && !RetentionPolicy.IsExpired(page[^1], partition.Config, now)))
            {
                return segments;
            }
            from = page[^1].EndOffset;
        }
    }
}
