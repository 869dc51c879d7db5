using System.ComponentModel.DataAnnotations;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Broker;

/// <summary>Every limit of the engine; each part's options stand beside the part.</summary>
public sealed record BrokerOptions
{
    /// <summary>Buffer memory, rented and idle together, up to which idle buffers are kept for reuse, in bytes. 0 to 16 GiB.</summary>
    [Range(typeof(long), "0", "17179869184")]
    public long PooledBytesMax { get; init; } = 224L << 20;

    /// <summary>Lets a new cluster share an object store with others, each under its own prefix. Otherwise that looks like lost metadata and is refused.</summary>
    public bool AllowOtherClusters { get; init; }

    /// <summary>
    /// Lets the server start with metadata older than its objects, without the records acknowledged since that copy. For one start, when the newest
    /// metadata is lost for good.
    /// </summary>
    public bool AcceptOldMetadata { get; init; }

    /// <summary>Tails in memory.</summary>
    public TailOptions Tail { get; init; } = new();

    /// <summary>The node log.</summary>
    public NodeLogOptions NodeLog { get; init; } = new();

    /// <summary>Uploads of local topics.</summary>
    public UploadOptions LocalUploads { get; init; } = UploadOptions.ForLocal;

    /// <summary>Uploads of object topics.</summary>
    public UploadOptions ObjectUploads { get; init; } = UploadOptions.ForObject;

    /// <summary>Cached manifest rows.</summary>
    public ManifestCacheOptions Manifest { get; init; } = new();

    /// <summary>Cached segment blocks.</summary>
    public SegmentCacheOptions SegmentCache { get; init; } = new();

    /// <summary>Reads.</summary>
    public FetchOptions Fetch { get; init; } = new();

    /// <summary>Topics.</summary>
    public TopicOptions Topics { get; init; } = new();

    /// <summary>Consumer groups.</summary>
    public GroupOptions Groups { get; init; } = new();

    /// <summary>Retention and collection.</summary>
    public LifecycleOptions Lifecycle { get; init; } = new();

    /// <summary>What is broken on purpose; see <see cref="BrokenBy"/>.</summary>
    internal EngineBreak Break { get; private init; }

    /// <summary>
    /// Uploads of local topics, as often as the node log needs: at a quarter of what it holds at the latest, so that it does not fill up before
    /// there are <see cref="UploadOptions.FlushBytes"/>.
    /// </summary>
    internal UploadOptions LocalUploadsInForce =>
        LocalUploads with { FlushBytes = (int)Math.Min(LocalUploads.FlushBytes, (long)NodeLog.FilesMax * NodeLog.FileBytes / 4) };

    /// <summary>The same, with every part told what is broken on purpose: for the simulation only.</summary>
    internal BrokerOptions BrokenBy(EngineBreak what) => this with
    {
        Break = what,
        NodeLog = NodeLog with { Break = what },
        Groups = Groups with { Break = what },
        Lifecycle = Lifecycle with { Break = what },
    };

    /// <summary>What the parts' options, each in its range, contradict in each other; each begins with a setting's key.</summary>
    public IEnumerable<string> FindContradictions()
    {
        int defaultBytes = TopicConfig.Default.MaxMessageBytes;
        if (NodeLog.BatchBytesMax < defaultBytes)
        {
            yield return $"NodeLog:FileBytes: a log with files of {NodeLog.FileBytes} bytes takes batches of up to {NodeLog.BatchBytesMax} bytes, "
                + $"but topics accept {defaultBytes} unless their max.message.bytes is set. Raise it.";
        }
    }
}
