namespace StreamHouse.Broker.Diagnostics;

/// <summary>Instrument names of the gauges.</summary>
internal static class MetricGauges
{
    public static (string Name, string? Unit, string Description) Describe(BrokerGauge gauge) => gauge switch
    {
        BrokerGauge.TailBytes => ("streamhouse.tail.size", "By", "Rented bytes of batches that are not in objects yet."),
        BrokerGauge.TailBytesMax => ("streamhouse.tail.limit", "By", "Limit of the tail: producers wait above it."),
        BrokerGauge.WaitingAppends => ("streamhouse.append.waiting", null, "Appends held back before they are sequenced."),
        BrokerGauge.NodeLogQueuedBatches => ("streamhouse.nodelog.queued", null, "Batches queued at the node log's writer."),
        BrokerGauge.NodeLogBytes => ("streamhouse.nodelog.size", "By", "Size of node-log files that hold data not yet tiered."),
        BrokerGauge.NodeLogFiles => ("streamhouse.nodelog.files", null, "Node-log files in use."),
        BrokerGauge.SegmentCacheBytes => ("streamhouse.segment_cache.size", "By", "Bytes held by the segment cache."),
        BrokerGauge.SegmentCacheBytesMax => ("streamhouse.segment_cache.limit", "By", "Limit of the segment cache."),
        BrokerGauge.UploadsInFlight => ("streamhouse.upload.in_flight", null, "Uploads that have begun and are not yet committed."),
        BrokerGauge.Topics => ("streamhouse.topics", null, "Live topics."),
        BrokerGauge.Partitions => ("streamhouse.partitions", null, "Partitions led by this process."),
        BrokerGauge.PartitionsOffline => ("streamhouse.partitions.offline", null, "Led partitions whose lease is lost or whose storage failed."),
        BrokerGauge.ObjectsPendingDelete => ("streamhouse.collector.pending", null, "Objects waiting to be deleted."),
        BrokerGauge.ObjectsUnreferenced => ("streamhouse.collector.unreferenced", null, "Objects that nothing referred to at the last search."),
        BrokerGauge.CollectorHalted => ("streamhouse.collector.halted", null, "1 while nothing is deleted because a person must look at the log, else 0."),
        BrokerGauge.GroupMembers => ("streamhouse.group.members", null, "Members of all consumer groups."),
        _ => throw new ArgumentOutOfRangeException(nameof(gauge), gauge, "Not a gauge."),
    };
}
