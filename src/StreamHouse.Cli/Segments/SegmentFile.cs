using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Cli.Segments;

/// <summary>
/// One file as a store of one object. The server's own folder store is not for this: it takes the folder for its own and tidies it up.
/// </summary>
internal sealed class SegmentFile : IObjectStore, IDisposable
{
    private readonly SafeFileHandle _file;

    /// <summary>Opens a file to read it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public SegmentFile(string path)
    {
        Location = path;
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
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
        return Task.FromResult(total);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<StoredObject>>([new StoredObject(Location, RandomAccess.GetLength(_file), File.GetLastWriteTimeUtc(Location))]);

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct) => throw new NotSupportedException("It is read only.");

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken ct) => throw new NotSupportedException("It is read only.");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
