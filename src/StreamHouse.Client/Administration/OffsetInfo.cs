namespace StreamHouse.Client.Administration;

/// <summary>An offset that was asked for.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset; -1 when no record matches.</param>
/// <param name="TimestampMs">Timestamp of its record in ms since 1970, or -1.</param>
/// <param name="LeaderEpoch">The leader epoch of the offset, or -1.</param>
public readonly record struct OffsetInfo(int Partition, long Offset, long TimestampMs, long LeaderEpoch);

/// <summary>Where a consumer group is in a partition.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The next offset to read.</param>
public sealed record GroupOffset(string Topic, int Partition, long Offset)
{
    /// <summary>Leader epoch of the last record read, or -1.</summary>
    public long LeaderEpoch { get; init; } = -1;

    /// <summary>Anything the committer wants to keep with it.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>When it was committed, in ms since 1970; set by the server.</summary>
    public long CommittedMs { get; init; }
}

/// <summary>A slice of a partition in an object.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="BaseOffset">First offset.</param>
/// <param name="EndOffset">End offset, exclusive.</param>
/// <param name="Epoch">The epoch it was committed under.</param>
/// <param name="ObjectKey">Its object.</param>
/// <param name="Position">Where it begins in the object, in bytes.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Records">Number of records.</param>
/// <param name="MaxTimestampMs">Largest timestamp, in ms since 1970.</param>
public sealed record SegmentInfo(
    int Partition, long BaseOffset, long EndOffset, long Epoch, string ObjectKey, long Position, long Length, long Records, long MaxTimestampMs);

/// <summary>State of a server.</summary>
/// <param name="ClusterId">Its cluster.</param>
/// <param name="Version">Its version.</param>
/// <param name="NodeId">Its id in the cluster.</param>
/// <param name="Uptime">How long it has been running.</param>
/// <param name="Mode">unified or distributed.</param>
/// <param name="Topics">Number of topics.</param>
/// <param name="Partitions">Number of partitions.</param>
/// <param name="NodeLogBytes">Bytes in the files of the node log.</param>
/// <param name="TailBytes">Bytes in memory that are not yet in objects.</param>
/// <param name="DataDirectory">Its data directory.</param>
/// <param name="ObjectStore">Where segments are stored: a folder or a bucket.</param>
/// <param name="Listeners">Where it listens.</param>
public sealed record ServerStatus(
    Guid ClusterId, string Version, string NodeId, TimeSpan Uptime, string Mode, int Topics, int Partitions, long NodeLogBytes, long TailBytes,
    string DataDirectory, string ObjectStore, IReadOnlyList<ListenerInfo> Listeners);

/// <summary>An address a server listens on.</summary>
/// <param name="Protocol">kafka, grpc or http.</param>
/// <param name="Address">Host and port.</param>
public sealed record ListenerInfo(string Protocol, string Address);
