using System.Collections.Concurrent;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Storage.Files;

namespace StreamHouse.Storage.NodeLogs;

/// <summary>
/// A folder of log files on a local Linux file system. One thread of its own does all I/O, past the page cache where the file system allows it.
/// </summary>
public sealed class FolderLogDevice : ILogDevice, IDisposable
{
    private readonly string _folder;
    private readonly bool _readOnly;
    private readonly DeviceThread _thread;
    private readonly ConcurrentBag<EnterOperation> _enters = [];
    private readonly HashSet<FolderLogFile> _open = [];

    /// <param name="folder">Created when it does not exist, unless <paramref name="readOnly"/>.</param>
    /// <param name="readOnly">Files are opened for reading only, so that a log can be looked at while a server uses it.</param>
    /// <exception cref="PlatformNotSupportedException">Not on Linux.</exception>
    public FolderLogDevice(string folder, bool readOnly = false)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("The node log needs Linux: elsewhere it cannot be sure that written data is on disk.");
        }
        _folder = Path.GetFullPath(folder);
        _readOnly = readOnly;
        if (!readOnly && !Directory.Exists(_folder))
        {
            Directory.CreateDirectory(_folder);
            NativeFile.SyncFolder(Path.GetDirectoryName(_folder) ?? _folder);
        }
        _thread = new DeviceThread("node log");
    }

    /// <inheritdoc/>
    public ValueTask EnterAsync()
    {
        if (!_enters.TryTake(out EnterOperation? operation))
        {
            operation = new EnterOperation(_thread, _enters);
        }
        return operation.Task;
    }

    /// <inheritdoc/>
    public Memory<byte> AllocateBuffer(int bytes) => AlignedMemory.Allocate(bytes);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => RunAsync<IReadOnlyList<string>>(
        () => Directory.Exists(_folder) ? [.. Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path)!)] : [], ct);

    /// <inheritdoc/>
    public ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct) => RunAsync<ILogFile>(() => Create(name, bytes), ct);

    /// <inheritdoc/>
    public ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct) => RunAsync<ILogFile>(
        () =>
        {
            string path = PathOf(name);
            return Track(new FolderLogFile(this, _thread, path, NativeFile.Open(path, _readOnly ? NativeFile.ReadOnly : NativeFile.ReadWrite)));
        },
        ct);

    /// <inheritdoc/>
    public async ValueTask RenameAsync(string from, string to, CancellationToken ct) => await RunAsync(
        () =>
        {
            File.Move(PathOf(from), PathOf(to), overwrite: true);
            lock (_open)
            {
                foreach (FolderLogFile file in _open)
                {
                    file.Renamed(PathOf(from), PathOf(to));
                }
            }
            NativeFile.SyncFolder(_folder);
            return true;
        },
        ct);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken ct) => await RunAsync(
        () =>
        {
            File.Delete(PathOf(name));
            NativeFile.SyncFolder(_folder);
            return true;
        },
        ct);

    /// <summary>Finishes what is queued, ends the thread and closes the files.</summary>
    public void Dispose()
    {
        _thread.Dispose();
        FolderLogFile[] open;
        lock (_open)
        {
            open = [.. _open];
        }
        foreach (FolderLogFile file in open)
        {
            file.Close();
        }
    }

    internal void Forget(FolderLogFile file)
    {
        lock (_open)
        {
            _open.Remove(file);
        }
    }

    private FolderLogFile Create(string name, long bytes)
    {
        string path = PathOf(name);
        int descriptor = NativeFile.Open(path, NativeFile.ReadWrite | NativeFile.Create | NativeFile.Truncate);
        try
        {
            NativeFile.Reserve(descriptor, bytes, path);
            NativeFile.SyncAll(descriptor, path);
            NativeFile.SyncFolder(_folder);
            return Track(new FolderLogFile(this, _thread, path, descriptor));
        }
        catch
        {
            NativeFile.Close(descriptor);
            File.Delete(path);
            throw;
        }
    }

    private FolderLogFile Track(FolderLogFile file)
    {
        lock (_open)
        {
            _open.Add(file);
        }
        return file;
    }

    private string PathOf(string name) => Path.GetFileName(name) == name && name.Length > 0
        ? Path.Combine(_folder, name)
        : throw new ArgumentException($"\"{name}\" is not a file name.", nameof(name));

    private ValueTask<T> RunAsync<T>(Func<T> action, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return new ValueTask<T>(_thread.RunAsync(action));
    }

    private sealed class EnterOperation(DeviceThread thread, ConcurrentBag<EnterOperation> pool) : AwaitedOperation(thread)
    {
        protected override void Execute()
        {
        }

        protected override void Recycle() => pool.Add(this);
    }
}
