namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// The folder of log files under a node log. Adapters own the thread that does the I/O. <see cref="EnterAsync"/> and
/// <see cref="ILogFile.WriteDurablyAsync"/> continue their caller on it, so that the log writer's loop runs there; other operations must not.
/// </summary>
public interface ILogDevice
{
    /// <summary>Continues the caller on the device's thread. Never completes before it returns, so that nothing runs under the caller's locks.</summary>
    ValueTask EnterAsync();

    /// <summary>Memory that <see cref="ILogFile.WriteDurablyAsync"/> can write without a copy. Belongs to the caller; left to the garbage collector.</summary>
    /// <param name="bytes">A multiple of 4 KiB.</param>
    Memory<byte> AllocateBuffer(int bytes);

    /// <summary>Names of the files, in no particular order. Empty when the folder does not exist.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct);

    /// <summary>Creates a file whose <paramref name="bytes"/> are reserved on disk, synced with its folder. Replaces a file of that name.</summary>
    /// <exception cref="LogDeviceFullException">No space; nothing is left behind.</exception>
    ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct);

    /// <summary>Opens an existing file for reading and writing.</summary>
    ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct);

    /// <summary>Renames a closed or open file and syncs the folder. An open <see cref="ILogFile"/> stays usable. Used to recycle tiered files.</summary>
    ValueTask RenameAsync(string from, string to, CancellationToken ct);

    /// <summary>Removes a file and syncs the folder.</summary>
    ValueTask DeleteAsync(string name, CancellationToken ct);
}

/// <summary>One file of an <see cref="ILogDevice"/>.</summary>
public interface ILogFile : IAsyncDisposable
{
    /// <summary>Reserved size in bytes.</summary>
    long Length { get; }

    /// <summary>Reads exactly <paramref name="destination"/> or up to the end of the file; returns the bytes read.</summary>
    ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct);

    /// <summary>
    /// Writes <paramref name="data"/> at <paramref name="position"/> (both multiples of 4 KiB) and then makes it durable, in one go.
    /// The memory must not change until this completes. Any failure poisons the log: it is never tried again.
    /// </summary>
    ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct);
}

/// <summary>The device has no space for a new file.</summary>
public sealed class LogDeviceFullException(string message, Exception? inner = null) : IOException(message, inner);
