using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Cli.NodeLogs;

/// <summary>A folder of node-log files that are only looked at: opened for reading alone, also while a server writes them.</summary>
internal sealed class ReadOnlyLogFolder(string folder) : ILogDevice
{
    /// <inheritdoc/>
    public ValueTask EnterAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public Memory<byte> AllocateBuffer(int bytes) => new byte[bytes];

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!)]);

    /// <inheritdoc/>
    public ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct) => ValueTask.FromResult<ILogFile>(new ReadOnlyLogFile(Path.Combine(folder, name)));

    /// <inheritdoc/>
    public ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct) => throw Refused();

    /// <inheritdoc/>
    public ValueTask RenameAsync(string from, string to, CancellationToken ct) => throw Refused();

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken ct) => throw Refused();

    private static NotSupportedException Refused() => new("The node log is only looked at.");

    private sealed class ReadOnlyLogFile(string path) : ILogFile
    {
        private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

        /// <inheritdoc/>
        public long Length => RandomAccess.GetLength(_file);

        /// <inheritdoc/>
        public ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct)
        {
            int total = 0;
            while (total < destination.Length)
            {
                int read = RandomAccess.Read(_file, destination.Span[total..], position + total);
                if (read == 0)
                {
                    break;
                }
                total += read;
            }
            return ValueTask.FromResult(total);
        }

        /// <inheritdoc/>
        public ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct) => throw Refused();

        /// <inheritdoc/>
        public ValueTask DisposeAsync()
        {
            _file.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
