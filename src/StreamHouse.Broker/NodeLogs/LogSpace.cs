namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// The log's files in order, how much of them is promised to appends, and which data still pins them. No I/O; safe to call from any thread.
/// </summary>
internal sealed class LogSpace
{
    private readonly Lock _gate = new();
    private readonly List<LogFileInUse> _files;
    private readonly HashSet<long> _dropped = [];
    private LogFileInUse? _next;
    private long _promised;
    private int _promises;
    private int _largestPromise;
    private bool _refused;

    /// <param name="files">Oldest first; the last is written to.</param>
    public LogSpace(List<LogFileInUse> files)
    {
        _files = files;
        Active = files[^1];
    }

    /// <summary>The file that is written to. Changed by the writer only.</summary>
    public LogFileInUse Active { get; private set; }

    /// <summary>The disk had no room for another file the last time one was asked for.</summary>
    public bool Full { get; set; }

    /// <summary>Files that hold data or are ready for it.</summary>
    public int Files
    {
        get
        {
            lock (_gate)
            {
                return _files.Count + (_next is null ? 0 : 1);
            }
        }
    }

    /// <summary>Bytes of <see cref="Files"/>.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                long bytes = _next?.Header.Length ?? 0;
                foreach (LogFileInUse file in _files)
                {
                    bytes += file.Header.Length;
                }
                return bytes;
            }
        }
    }

    /// <summary>
    /// Promises room for a batch. Batches are written in another order than they were admitted, so beside their own size (each alone in its frame)
    /// as much as the largest of them may be lost at the end of the active file.
    /// </summary>
    public NodeLogAdmission Admit(int batchBytes)
    {
        int bytes = LogLayout.FrameBytesAlone(batchBytes);
        lock (_gate)
        {
            int largest = Math.Max(_largestPromise, bytes);
            long wanted = _promised + bytes;
            long afterwards = _next is null ? 0 : Math.Max(0, Active.Room - largest) + _next.Room;
            if (wanted > Active.Room && wanted > afterwards)
            {
                _refused = true;
                return Full ? NodeLogAdmission.NoSpace : NodeLogAdmission.Wait;
            }
            _promised = wanted;
            _promises++;
            _largestPromise = largest;
            return NodeLogAdmission.Admitted;
        }
    }

    /// <summary>Takes one block for an empty frame, unless room is promised to batches that are still to come.</summary>
    public bool TryUseBlock(out int offset)
    {
        lock (_gate)
        {
            offset = Active.Used;
            if (_promises > 0 || offset + LogLayout.BlockBytes > Active.Header.Length)
            {
                return false;
            }
            Active.Used += LogLayout.BlockBytes;
            return true;
        }
    }

    /// <summary>
    /// The writer is about to write a frame: keeps the promises of its batches and pins the file for them.
    /// True when an append was refused since this or <see cref="Add"/> last said so, and should be tried again.
    /// </summary>
    public bool Use(int frameBytes, List<NodeLogEntry> entries, int first, int count)
    {
        lock (_gate)
        {
            Active.Used += frameBytes;
            for (int i = first; i < first + count; i++)
            {
                NodeLogEntry entry = entries[i];
                _promised -= LogLayout.FrameBytesAlone(entry.Batch.Length);
                if (!_dropped.Contains(entry.Group))
                {
                    Active.Pins[entry.Group] = entry.BaseOffset + entry.Count;
                }
            }
            _promises -= count;
            if (_promises == 0)
            {
                _largestPromise = 0;
            }
            return TakeRefused();
        }
    }

    /// <summary>Goes on in the next file; false when there is none.</summary>
    public bool TryRollOver()
    {
        lock (_gate)
        {
            if (_next is null)
            {
                return false;
            }
            _files.Add(_next);
            Active = _next;
            _next = null;
            return true;
        }
    }

    /// <summary>Header values for the file that should be made ready now; null when one is ready or the limit is reached.</summary>
    public (long Sequence, long Start)? WantedFile(int filesMax)
    {
        lock (_gate)
        {
            LogFileHeader last = _files[^1].Header;
            return _next is null && _files.Count < filesMax ? (last.Sequence + 1, last.End) : null;
        }
    }

    /// <summary>Whether no further file is allowed, and none is ready.</summary>
    public bool IsAtLimit(int filesMax)
    {
        lock (_gate)
        {
            return _next is null && _files.Count >= filesMax;
        }
    }

    /// <summary>A file is ready. True when an append was refused and should be tried again.</summary>
    public bool Add(LogFileInUse next)
    {
        lock (_gate)
        {
            _next = next;
            return TakeRefused();
        }
    }

    /// <summary>A group's batches below an offset are tiered, or, with <see cref="long.MaxValue"/>, dropped for ever. True when the oldest file became free.</summary>
    public bool MarkTiered(long group, long endOffset)
    {
        lock (_gate)
        {
            if (endOffset == long.MaxValue)
            {
                _dropped.Add(group);
            }
            foreach (LogFileInUse file in _files)
            {
                if (file.Pins.TryGetValue(group, out long end) && end <= endOffset)
                {
                    file.Pins.Remove(group);
                }
            }
            return OldestIsFree;
        }
    }

    /// <summary>Takes the oldest file out of the log if nothing pins it. Only the oldest: the log's files stay consecutive, so that a missing one is noticed.</summary>
    public LogFileInUse? TakeFree()
    {
        lock (_gate)
        {
            if (!OldestIsFree)
            {
                return null;
            }
            LogFileInUse file = _files[0];
            _files.RemoveAt(0);
            return file;
        }
    }

    /// <summary>All open files.</summary>
    public IReadOnlyList<LogFileInUse> All()
    {
        lock (_gate)
        {
            return _next is null ? [.. _files] : [.. _files, _next];
        }
    }

    private bool TakeRefused()
    {
        bool refused = _refused;
        _refused = false;
        return refused;
    }

    private bool OldestIsFree => _files.Count > 1 && _files[0].Pins.Count == 0;
}
