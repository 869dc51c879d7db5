using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Server.Http;

/// <summary>Limits of the HTTP API.</summary>
public sealed record HttpApiOptions
{
    /// <summary>Largest request body, in bytes; a larger one is answered with 413.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int BodyBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of all produce bodies in memory at once; above it requests are answered with 429.</summary>
    [Range(1024, 16L * 1024 * 1024 * 1024)]
    public long BodiesBytesMax { get; init; } = 128L * 1024 * 1024;

    /// <summary>Records in one produce request.</summary>
    [Range(1, 1_000_000)]
    public int ProduceRecordsMax { get; init; } = 10_000;

    /// <summary>Largest <c>limit</c> of a read: records in one answer.</summary>
    [Range(1, 1_000_000)]
    public int FetchRecordsMax { get; init; } = 10_000;

    /// <summary>Largest <c>maxBytes</c> of a read: bytes of batches in one answer, of which the first may be larger.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int FetchBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Largest <c>wait</c> of a read.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan FetchWaitMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Event streams open at once; above it requests are answered with 429.</summary>
    [Range(0, 100_000)]
    public int EventStreamsMax { get; init; } = 256;

    /// <summary>Partitions that one event stream may follow.</summary>
    [Range(1, 10_000)]
    public int EventPartitionsMax { get; init; } = 256;

    /// <summary>Bytes of batches that an event stream reads at a time.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int EventFetchBytesMax { get; init; } = 256 * 1024;

    /// <summary>Silence on an event stream after which a comment is sent, so that both ends notice a dead connection.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan EventHeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time a readiness check may take before the server counts as not ready.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan HealthCheckTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the outcome of a readiness check is reused, so that probes do not load the stores.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan HealthCacheTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Segments in one page of a listing.</summary>
    [Range(1, 10_000)]
    public int SegmentsPageMax { get; init; } = 1000;
}
