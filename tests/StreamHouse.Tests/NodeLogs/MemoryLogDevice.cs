using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

/// <summary>
/// A log device on one thread: operations wait in a queue until the test lets them happen, and a crash leaves what was synced, with the write that
/// was under way torn by sectors.
/// </summary>
internal sealed class MemoryLogDevice : ILogDevice
{
    private const int SectorBytes = 512;

    private readonly Queue<Operation> _queue = new();

    public Dictionary<string, byte[]> Files { get; private init; } = [];

    /// <summary>Reservations fail.</summary>
    public bool Full { get; set; }

    /// <summary>The next write fails with this.</summary>
    public Exception? WriteFailure { get; set; }

    /// <summary>Writes that were executed, as (file, position, bytes).</summary>
    public List<(string File, long Position, int Bytes)> Writes { get; } = [];

    /// <summary>Everything executed, in order.</summary>
    public List<string> Journal { get; } = [];

    public int Queued => _queue.Count;

    public bool Step()
    {
        if (!_queue.TryDequeue(out Operation? operation))
        {
            return false;
        }
        operation.Execute();
        return true;
    }

    public void Pump()
    {
        while (Step())
        {
        }
    }

    public T Run<T>(Task<T> task)
    {
        PumpUntil(task);
        return task.GetAwaiter().GetResult();
    }

    public void Run(Task task)
    {
        PumpUntil(task);
        task.GetAwaiter().GetResult();
    }

    /// <summary>The machine stops now: a new device with what is left on disk.</summary>
    public MemoryLogDevice Crash(Random random)
    {
        if (_queue.TryPeek(out Operation? operation) && operation.Write is var (name, position, data) && Files.TryGetValue(name(), out byte[]? content))
        {
            for (int at = 0; at < data.Length; at += SectorBytes)
            {
                if (random.Next(2) == 0)
                {
                    data.Span.Slice(at, SectorBytes).CopyTo(content.AsSpan((int)position + at));
                }
            }
        }
        return Copy();
    }

    /// <summary>The same files on another device.</summary>
    public MemoryLogDevice Copy() => new() { Files = Files.ToDictionary(f => f.Key, f => (byte[])f.Value.Clone()) };

    public IEnumerable<string> LogNames => Files.Keys.Where(n => n.EndsWith(".log", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public ValueTask EnterAsync() => new(Enqueue(() => 0));

    public Memory<byte> AllocateBuffer(int bytes) => new byte[bytes];

    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => new(Enqueue<IReadOnlyList<string>>(() => [.. Files.Keys]));

    public ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct) => new(Enqueue<ILogFile>(() =>
    {
        if (Full)
        {
            throw new LogDeviceFullException("No space left on the test's device.");
        }
        Journal.Add($"create {name}");
        Files[name] = new byte[bytes];
        return new MemoryFile(this, name);
    }));

    public ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct) => new(Enqueue<ILogFile>(() => new MemoryFile(this, name)));

    public ValueTask RenameAsync(string from, string to, CancellationToken ct) => new(Enqueue(() =>
    {
        Journal.Add($"rename {from} {to}");
        Files[to] = Files[from];
        Files.Remove(from);
        return 0;
    }));

    public ValueTask DeleteAsync(string name, CancellationToken ct) => new(Enqueue(() =>
    {
        Journal.Add($"delete {name}");
        Files.Remove(name).ShouldBeTrue();
        return 0;
    }));

    private void PumpUntil(Task task)
    {
        while (!task.IsCompleted)
        {
            Step().ShouldBeTrue("The log waits for something the device was not asked to do.");
        }
    }

    private Task<T> Enqueue<T>(Func<T> action, (Func<string>, long, ReadOnlyMemory<byte>)? write = null)
    {
        var done = new TaskCompletionSource<T>();
        _queue.Enqueue(new Operation(
            () =>
            {
                T result;
                try
                {
                    result = action();
                }
                catch (Exception e)
                {
                    done.SetException(e);
                    return;
                }
                done.SetResult(result);
            },
            write));
        return done.Task;
    }

    private sealed record Operation(Action Execute, (Func<string> Name, long Position, ReadOnlyMemory<byte> Data)? Write);

    /// <summary>Follows its content through renames, as a file descriptor does.</summary>
    private sealed class MemoryFile(MemoryLogDevice device, string name) : ILogFile
    {
        private readonly byte[] _content = device.Files[name];

        public long Length => _content.Length;

        public ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct) => new(device.Enqueue(() =>
        {
            int bytes = (int)Math.Clamp(_content.Length - position, 0, destination.Length);
            _content.AsSpan((int)position, bytes).CopyTo(destination.Span);
            return bytes;
        }));

        public ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            (position % 4096).ShouldBe(0);
            (data.Length % 4096).ShouldBe(0);
            return new ValueTask(device.Enqueue(
                () =>
                {
                    if (device.WriteFailure is { } failure)
                    {
                        device.WriteFailure = null;
                        throw failure;
                    }
                    data.Span.CopyTo(_content.AsSpan((int)position));
                    device.Writes.Add((Name(), position, data.Length));
                    device.Journal.Add($"write {Name()} {position} {data.Length}");
                    return 0;
                },
                (Name, position, data)));
        }

        public ValueTask DisposeAsync() => default;

        private string Name() => device.Files.First(f => ReferenceEquals(f.Value, _content)).Key;
    }
}
