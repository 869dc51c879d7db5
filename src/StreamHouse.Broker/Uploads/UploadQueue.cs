using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Uploads;

/// <summary>Partitions with data to upload, and when the next upload is due. Safe for concurrent use.</summary>
internal sealed class UploadQueue(UploadOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private List<PartitionWriter> _ready = [];
    private HashSet<PartitionWriter> _known = [];
    private long _bytes;
    private long _oldest;
    private bool _flush;

    /// <summary>Whether anything waits for an upload.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _ready.Count == 0;
            }
        }
    }

    /// <summary>Notes new data.</summary>
    /// <returns>Whether the uploader should look again when the next upload is due.</returns>
    public bool Add(PartitionWriter partition, int bytes)
    {
        lock (_lock)
        {
            bool first = _ready.Count == 0;
            if (first)
            {
                _oldest = clock.GetTimestamp();
            }
            if (_known.Add(partition))
            {
                _ready.Add(partition);
            }
            bool below = _bytes < options.FlushBytes;
            _bytes += bytes;
            return first || (below && _bytes >= options.FlushBytes);
        }
    }

    /// <summary>Makes everything due now.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            _flush = true;
        }
    }

    /// <summary>How long until an upload is due; zero for now, infinite when nothing waits.</summary>
    public TimeSpan UntilDue(bool idle)
    {
        lock (_lock)
        {
            if (_ready.Count == 0)
            {
                return Timeout.InfiniteTimeSpan;
            }
            if (_flush || _bytes >= options.FlushBytes || (idle && options.FlushWhenIdle))
            {
                return TimeSpan.Zero;
            }
            TimeSpan left = options.FlushInterval - clock.GetElapsedTime(_oldest);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Takes all partitions with data.</summary>
    public IReadOnlyList<PartitionWriter> Take()
    {
        lock (_lock)
        {
            List<PartitionWriter> taken = _ready;
            _ready = [];
            _known = [];
            _bytes = 0;
            _flush = false;
            return taken;
        }
    }
}
