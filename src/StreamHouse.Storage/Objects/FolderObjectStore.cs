using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.Segments;
using StreamHouse.Storage.Files;

namespace StreamHouse.Storage.Objects;

/// <summary>
/// Objects as files under a folder. A new object is written to a temporary file, synced, and renamed to its place without overwriting;
/// then its folder is synced, and so is the parent of every folder not known to be durable. Blocking work runs on threads of its own.
/// </summary>
public sealed class FolderObjectStore : IObjectStore, IDisposable
{
    private readonly string _root;
    private readonly FolderWriter _writer;
    private readonly FolderThreads _reads;
    private readonly FolderThreads _writes;
    private readonly FolderThreads _others;

    /// <summary>Makes the folder when there is none, and removes what a killed process left half written.</summary>
    /// <exception cref="ObjectStoreException">The folder cannot be made or used; the message says why.</exception>
    public FolderObjectStore(FolderStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is [string problem, ..])
        {
            throw new ArgumentException(problem, nameof(options));
        }
        _root = Path.GetFullPath(options.Path);
        _writer = new FolderWriter(_root, AlignedMemory.RoundDown(options.WriteChunkBytes));
        FolderErrors.Wrap("prepare", _root, _writer.Prepare);
        _reads = new FolderThreads("objects-read", options.ReadThreads, options.QueuedCallsMax);
        _writes = new FolderThreads("objects-write", options.WriteThreads, options.QueuedCallsMax);
        _others = new FolderThreads("objects-other", 1, options.QueuedCallsMax);
    }

    /// <inheritdoc/>
    public string Location => _root;

    /// <inheritdoc/>
    public Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        ArgumentNullException.ThrowIfNull(content);
        return _writes.RunAsync(
            () => FolderErrors.Wrap("store", key, () =>
            {
                _writer.Put(key, content, ct);
                return true;
            }),
            ct);
    }

    /// <inheritdoc/>
    public Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return _reads.RunAsync(() => FolderErrors.Wrap("read", key, () => Read(key, position, destination.Span)), ct);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return _others.RunAsync(() => FolderErrors.Wrap("list", prefix, () => FolderListing.List(_root, prefix, after, limit, ct)), ct);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        return _others.RunAsync(
            () => FolderErrors.Wrap("delete", key, () =>
            {
                _writer.Delete(key);
                return true;
            }),
            ct);
    }

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => _others.RunAsync(
        () => FolderErrors.Wrap("check", _root, () =>
        {
            _writer.Check();
            return true;
        }),
        ct);

    /// <summary>Waits for calls in progress and ends the threads.</summary>
    public void Dispose()
    {
        _writes.Dispose();
        _reads.Dispose();
        _others.Dispose();
    }

    private int Read(string key, long position, Span<byte> destination)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(Path.Join(_root, key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            int done = 0;
            while (done < destination.Length)
            {
                int read = RandomAccess.Read(file, destination[done..], position + done);
                if (read == 0)
                {
                    break;
                }
                done += read;
            }
            return done;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ObjectNotFoundException(key, e);
        }
    }
}
