using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Broker.Uploads;

/// <summary>When the tails of one durability are written to objects.</summary>
public sealed record UploadOptions
{
    /// <summary>Defaults of local topics: rarely, in large objects, since the node log holds the data meanwhile.</summary>
    public static UploadOptions ForLocal { get; } = new();

    /// <summary>Defaults of object topics: the upload is what acknowledges.</summary>
    public static UploadOptions ForObject { get; } = new()
    {
        FlushBytes = 8 << 20,
        FlushInterval = TimeSpan.FromMilliseconds(250),
        FlushWhenIdle = true,
        InFlightMax = 4,
    };

    /// <summary>Bytes of all partitions together at which an upload begins. 4 KiB to 1 GiB.</summary>
    [Range(4096, 1 << 30)]
    public int FlushBytes { get; init; } = 32 << 20;

    /// <summary>Age of the oldest data at which an upload begins. 1 ms to 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Begin an upload at once when none is in flight.</summary>
    public bool FlushWhenIdle { get; init; }

    /// <summary>Uploads in flight at once; their commits keep the order they began in. 1 to 64.</summary>
    [Range(1, 64)]
    public int InFlightMax { get; init; } = 2;

    /// <summary>An upload that is not ready to commit after this long is made again under a new id. 1 s to 30 min; must stay far below the collector's orphan age.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")]
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Longest pause between attempts after failures; pauses begin at a 32nd of it and double. 10 ms to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(5);
}
