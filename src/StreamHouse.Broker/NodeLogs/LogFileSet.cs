namespace StreamHouse.Broker.NodeLogs;

/// <summary>A file of the log as found on disk, and how much of it counts.</summary>
internal sealed class LogFileOnDisk(string name, ILogFile file, LogFileHeader header)
{
    public string Name { get; } = name;

    public ILogFile File { get; } = file;

    public LogFileHeader Header { get; } = header;

    /// <summary>Position up to which the file can hold frames: its end, or where a later file cut the log.</summary>
    public long Limit { get; set; } = header.End;

    /// <summary>A later file proves that frames reach up to <see cref="Limit"/>.</summary>
    public bool IsCut => Limit < Header.End;

    /// <summary>Nothing in the file counts any more.</summary>
    public bool IsVoid => Limit <= Header.Start + LogLayout.FirstFrameOffset;
}

/// <summary>The files of a log folder with their headers checked, in order.</summary>
internal sealed class LogFileSet(IReadOnlyList<LogFileOnDisk> files, IReadOnlyList<string> spareNames) : IAsyncDisposable
{
    public IReadOnlyList<LogFileOnDisk> Files { get; } = files;

    /// <summary>Files that hold nothing.</summary>
    public IReadOnlyList<string> SpareNames { get; } = spareNames;

    /// <summary>Opens all files and reads their headers.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: a header is damaged, of another version or log, or a file is missing.</exception>
    public static async Task<LogFileSet> OpenAsync(ILogDevice device, CancellationToken ct)
    {
        var names = new SortedDictionary<long, string>();
        var spares = new List<string>();
        foreach (string name in await device.ListAsync(ct))
        {
            if (LogLayout.TryParseLogName(name, out long sequence))
            {
                names.Add(sequence, name);
            }
            else if (LogLayout.IsSpareName(name))
            {
                spares.Add(name);
            }
        }
        spares.Sort(StringComparer.Ordinal);
        var set = new LogFileSet(new List<LogFileOnDisk>(names.Count), spares);
        try
        {
            await set.OpenFilesAsync(device, names, ct);
            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LogFileOnDisk file in Files)
        {
            await file.File.DisposeAsync();
        }
    }

    private async Task OpenFilesAsync(ILogDevice device, SortedDictionary<long, string> names, CancellationToken ct)
    {
        var files = (List<LogFileOnDisk>)Files;
        byte[] block = new byte[LogLayout.BlockBytes];
        foreach ((long sequence, string name) in names)
        {
            ILogFile file = await device.OpenAsync(name, ct);
            try
            {
                int read = await file.ReadAsync(0, block, ct);
                LogFileHeader header = ReadHeader(block.AsSpan(0, read), name, sequence, file.Length);
                CheckNeighbour(files.Count == 0 ? null : files[^1], name, header);
                files.Add(new LogFileOnDisk(name, file, header));
            }
            catch
            {
                await file.DisposeAsync();
                throw;
            }
        }
        long cut = long.MaxValue;
        for (int i = files.Count - 1; i >= 0; i--)
        {
            files[i].Limit = Math.Min(files[i].Limit, cut);
            cut = Math.Min(cut, files[i].Header.Cut);
        }
    }

    private static LogFileHeader ReadHeader(ReadOnlySpan<byte> block, string name, long sequence, long length)
    {
        LogFileHeaderState state = LogFileHeader.Read(block, out LogFileHeader header, out int version);
        return state switch
        {
            LogFileHeaderState.UnknownVersion => throw Refused(
                $"Node-log file {name} has format version {version}; this program reads version {LogFileHeader.Version}. Use the program that wrote it."),
            LogFileHeaderState.NotALogFile => throw Refused($"Node-log file {name} does not start with a node log's magic: it is damaged or not ours."),
            LogFileHeaderState.Damaged => throw Refused($"The header of node-log file {name} is damaged (checksum)."),
            LogFileHeaderState.Valid when header.Sequence != sequence => throw Refused(
                $"Node-log file {name} was written as number {header.Sequence:x16}: it was renamed."),
            LogFileHeaderState.Valid when header.Length > length || header.Length % LogLayout.BlockBytes != 0 || header.Cut > header.Start => throw Refused(
                $"Node-log file {name} is {length} bytes long, its header says {header.Length}: it was cut short."),
            LogFileHeaderState.Valid => header,
            _ => throw new ArgumentOutOfRangeException(nameof(block)),
        };
    }

    private static void CheckNeighbour(LogFileOnDisk? previous, string name, LogFileHeader header)
    {
        if (previous is null)
        {
            return;
        }
        if (previous.Header.NodeLogId != header.NodeLogId || previous.Header.ClusterId != header.ClusterId)
        {
            throw Refused($"Node-log files {previous.Name} and {name} belong to different logs: files of two data directories were mixed.");
        }
        if (header.Sequence != previous.Header.Sequence + 1)
        {
            throw Refused($"Node-log file {LogLayout.LogName(previous.Header.Sequence + 1)} is missing between {previous.Name} and {name}.");
        }
        if (header.Start < previous.Header.End)
        {
            throw Refused($"Node-log file {name} starts at position {header.Start}, inside {previous.Name}.");
        }
    }

    private static BrokerException Refused(string message) => new(BrokerErrorCode.DataDamaged, message);
}
