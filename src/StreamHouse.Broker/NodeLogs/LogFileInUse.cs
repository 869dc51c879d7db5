namespace StreamHouse.Broker.NodeLogs;

/// <summary>A file of the open log.</summary>
internal sealed class LogFileInUse(string name, ILogFile file, LogFileHeader header, int used)
{
    public string Name { get; } = name;

    public ILogFile File { get; } = file;

    public LogFileHeader Header { get; } = header;

    /// <summary>Offset of the next frame.</summary>
    public int Used { get; set; } = used;

    /// <summary>Groups with batches in this file that are not tiered, and the end of the last of them.</summary>
    public Dictionary<long, long> Pins { get; } = [];

    /// <summary>Bytes left for batches. The last block is kept for the frame that is synced when the log falls idle.</summary>
    public int Room => (int)Header.Length - Used - LogLayout.BlockBytes;
}
