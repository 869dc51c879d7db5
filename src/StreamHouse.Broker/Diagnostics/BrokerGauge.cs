namespace StreamHouse.Broker.Diagnostics;

/// <summary>Values that are read when someone asks for the metrics; see <see cref="BrokerMetrics.Observe"/>.</summary>
public enum BrokerGauge
{
    /// <summary>Rented bytes of batches that are not in objects yet.</summary>
    TailBytes,

    /// <summary>Limit of <see cref="TailBytes"/>: producers wait above it.</summary>
    TailBytesMax,

    /// <summary>Appends held back before they are sequenced, because a limit is reached or producer state is being read.</summary>
    WaitingAppends,

    /// <summary>Batches queued at the node log's writer.</summary>
    NodeLogQueuedBatches,

    /// <summary>Bytes of node-log files that hold data not yet tiered.</summary>
    NodeLogBytes,

    /// <summary>Node-log files in use.</summary>
    NodeLogFiles,

    /// <summary>Bytes held by the segment cache.</summary>
    SegmentCacheBytes,

    /// <summary>Limit of <see cref="SegmentCacheBytes"/>.</summary>
    SegmentCacheBytesMax,

    /// <summary>Uploads that have begun and are not yet committed.</summary>
    UploadsInFlight,

    /// <summary>Live topics.</summary>
    Topics,

    /// <summary>Partitions led by this process.</summary>
    Partitions,

    /// <summary>Led partitions that are offline: the lease is lost or storage failed.</summary>
    PartitionsOffline,

    /// <summary>Objects waiting to be deleted by the collector.</summary>
    ObjectsPendingDelete,

    /// <summary>Objects that nothing referred to at the collector's last search.</summary>
    ObjectsUnreferenced,

    /// <summary>1 while the collector has stopped because a person must look, else 0.</summary>
    CollectorHalted,

    /// <summary>Members of all consumer groups.</summary>
    GroupMembers,
}
