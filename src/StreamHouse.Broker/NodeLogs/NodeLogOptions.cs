using System.ComponentModel.DataAnnotations;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>Limits of the node log.</summary>
public sealed record NodeLogOptions
{
    /// <summary>Size of one log file in bytes: a multiple of 4 KiB, 256 KiB to 1 GiB. A batch must fit in one file.</summary>
    [Range(256 << 10, 1 << 30)]
    public int FileBytes { get; init; } = 64 << 20;

    /// <summary>Log files at most, at least 3. When that many hold data that is not tiered, appends wait.</summary>
    [Range(3, 100_000)]
    public int FilesMax { get; init; } = 32;

    /// <summary>Tiered files kept to be written over, which is twice as fast as growing new ones.</summary>
    [Range(0, 1000)]
    public int SpareFilesMax { get; init; } = 2;

    /// <summary>Bytes gathered into one frame, a multiple of 4 KiB up to 64 MiB, since recovery reads whole frames; a larger batch makes a frame of its own.</summary>
    [Range(4096, 64 << 20)]
    public int FrameBytesMax { get; init; } = 4 << 20;

    /// <summary>Time without work after which one empty frame is synced, so that only the last moments are ambiguous after a crash.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan IdleSyncDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Time between attempts to reserve a file while the disk is full.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan SpaceRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>See <see cref="BrokerOptions.BrokenBy"/>.</summary>
    internal EngineBreak Break { get; init; }

    /// <summary>Largest batch that can be appended, in bytes.</summary>
    public int BatchBytesMax =>
        Math.Min(FileBytes - (2 * LogLayout.BlockBytes), BufferPool.RentBytesMax) - LogLayout.FrameHeaderBytes - LogLayout.EntryOverheadBytes;

    /// <summary>Throws when a limit is out of range.</summary>
    /// <exception cref="ArgumentException">The message names the option.</exception>
    public void Validate()
    {
        if (FileBytes % LogLayout.BlockBytes != 0 || FileBytes < 256 << 10 || FileBytes > 1 << 30)
        {
            throw new ArgumentException($"{nameof(FileBytes)} is {FileBytes}; it must be a multiple of 4096 from 262144 to 1073741824.");
        }
        if (FrameBytesMax % LogLayout.BlockBytes != 0 || FrameBytesMax < LogLayout.BlockBytes || FrameBytesMax > BufferPool.RentBytesMax)
        {
            throw new ArgumentException($"{nameof(FrameBytesMax)} is {FrameBytesMax}; it must be a multiple of 4096 from 4096 to {BufferPool.RentBytesMax}.");
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(FilesMax, 3, nameof(FilesMax));
        ArgumentOutOfRangeException.ThrowIfNegative(SpareFilesMax, nameof(SpareFilesMax));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(IdleSyncDelay, TimeSpan.Zero, nameof(IdleSyncDelay));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(SpaceRetryDelay, TimeSpan.Zero, nameof(SpaceRetryDelay));
    }
}
