using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Segments;
using StreamHouse.Tests.Objects;

namespace StreamHouse.Tests.Engine;

/// <summary>Something that lets calls through, holds them, or holds them for ever.</summary>
internal sealed class Gate
{
    private TaskCompletionSource _open = Opened();
    private bool _cutOff;

    public void Close() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open()
    {
        if (!_cutOff)
        {
            _open.TrySetResult();
        }
    }

    public bool IsCutOff => Volatile.Read(ref _cutOff);

    /// <summary>Nothing passes any more.</summary>
    public void CutOff()
    {
        Close();
        Volatile.Write(ref _cutOff, true);
    }

    public Task PassAsync(CancellationToken ct = default) => _open.Task.WaitAsync(ct);

    private static TaskCompletionSource Opened()
    {
        TaskCompletionSource open = new();
        open.SetResult();
        return open;
    }
}

/// <summary>A log device whose syncs can be held back or fail.</summary>
internal sealed class GatedLogDevice(ILogDevice inner) : ILogDevice
{
    private readonly Gate _gate = new();
    private readonly Gate _folderGate = new();
    private int _changing;

    public Exception? WriteFailure { get; set; }

    public bool Full { get; set; }

    public void Close() => _gate.Close();

    public void Open() => _gate.Open();

    /// <summary>From now on nothing reaches the device; ends when what had reached it is done.</summary>
    public async Task CutOffAsync()
    {
        _gate.CutOff();
        _folderGate.CutOff();
        while (Volatile.Read(ref _changing) > 0)
        {
            await Task.Delay(1);
        }
    }

    public ValueTask EnterAsync() => inner.EnterAsync();

    public Memory<byte> AllocateBuffer(int bytes) => inner.AllocateBuffer(bytes);

    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => inner.ListAsync(ct);

    public async ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct) => Full
        ? throw new LogDeviceFullException("full, says the test")
        : await ChangeAsync(async () => new GatedFile(this, await inner.CreateAsync(name, bytes, ct)));

    public async ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct) => new GatedFile(this, await inner.OpenAsync(name, ct));

    public async ValueTask RenameAsync(string from, string to, CancellationToken ct) => await ChangeAsync(async () =>
    {
        await inner.RenameAsync(from, to, ct);
        return true;
    });

    public async ValueTask DeleteAsync(string name, CancellationToken ct) => await ChangeAsync(async () =>
    {
        await inner.DeleteAsync(name, ct);
        return true;
    });

    private async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        Interlocked.Increment(ref _changing);
        try
        {
            if (_folderGate.IsCutOff)
            {
                Interlocked.Decrement(ref _changing);
                await _folderGate.PassAsync();
            }
            return await change();
        }
        finally
        {
            Interlocked.Decrement(ref _changing);
        }
    }

    private sealed class GatedFile(GatedLogDevice device, ILogFile file) : ILogFile
    {
        public long Length => file.Length;

        public ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct) => file.ReadAsync(position, destination, ct);

        public async ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            await device._gate.PassAsync(ct);
            if (device.WriteFailure is { } failure)
            {
                throw failure;
            }
            await device.ChangeAsync(async () =>
            {
                await file.WriteDurablyAsync(position, data, ct);
                return true;
            });
        }

        public ValueTask DisposeAsync() => file.DisposeAsync();
    }
}

/// <summary>An object store that can be slow or failing.</summary>
internal sealed class FaultyObjectStore(MemoryObjectStore inner) : IObjectStore
{
    private readonly Gate _gate = new();
    private int _puts;

    /// <summary>Puts fail with this, before (false) or after (true) the object is stored.</summary>
    public (Exception Fault, bool AfterTheAct)? Failing { get; set; }

    /// <summary>Attempts to store a segment.</summary>
    public int Puts => Volatile.Read(ref _puts);

    public MemoryObjectStore Stored => inner;

    public string Location => inner.Location;

    public void Close() => _gate.Close();

    public void Open() => _gate.Open();

    public void CutOff() => _gate.CutOff();

    public async Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        await _gate.PassAsync(ct);
        if (key.EndsWith(".seg", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _puts);
        }
        if (Failing is (var before, false))
        {
            throw before;
        }
        await inner.PutAsync(key, content, ct);
        if (Failing is (var after, true))
        {
            throw after;
        }
    }

    /// <summary>Runs once, before an object is next read.</summary>
    public Func<Task>? BeforeRead { get; set; }

    public async Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        if (BeforeRead is { } hook)
        {
            BeforeRead = null;
            await hook();
        }
        return await inner.ReadAsync(key, position, destination, ct);
    }

    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct) => inner.ListAsync(prefix, after, limit, ct);

    public Task DeleteAsync(string key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    public Task CheckAsync(CancellationToken ct) => inner.CheckAsync(ct);
}
