using StreamHouse.Broker.NodeLogs;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Disk;

/// <summary>One process's view of its machine's disk: the real node log writes to it. Writes and syncs that are under way when the process dies still happen; names
/// change before it dies or not at all, for the next process finds them as they are.</summary>
/// <param name="disk">The disk.</param>
/// <param name="process">The process.</param>
internal sealed class SimLogDevice(SimDisk disk, SimProcess process) : ILogDevice
{
    private static readonly TimeSpan SmallStep = TimeSpan.FromMicroseconds(20);

    /// <inheritdoc/>
    public ValueTask EnterAsync() => new(ActAsync(SmallStep, static () => true));

    /// <inheritdoc/>
    public Memory<byte> AllocateBuffer(int bytes) => new byte[bytes];

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => new(ActAsync(SmallStep, () => (IReadOnlyList<string>)[.. disk.Files.Keys]));

    /// <inheritdoc/>
    public ValueTask<ILogFile> CreateAsync(string name, long bytes, CancellationToken ct) => new(ActAsync<ILogFile>(SyncTime(), () =>
    {
        if (disk.Faults.Full)
        {
            throw new LogDeviceFullException("The simulated disk is full.");
        }
        disk.Kernel.Trace.Add(disk.Name, $"create {name}");
        return new File(this, disk.Create(name, bytes), name);
    }));

    /// <inheritdoc/>
    public ValueTask<ILogFile> OpenAsync(string name, CancellationToken ct) =>
        new(ActAsync<ILogFile>(SmallStep, () => new File(this, disk.Files[name], name)));

    /// <inheritdoc/>
    public ValueTask RenameAsync(string from, string to, CancellationToken ct) => new(ActAsync(SyncTime(), () =>
    {
        disk.Kernel.Trace.Add(disk.Name, $"rename {from} to {to}");
        disk.Rename(from, to);
        return true;
    }, inProcess: true));

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken ct) => new(ActAsync(SyncTime(), () =>
    {
        disk.Kernel.Trace.Add(disk.Name, $"delete {name}");
        disk.Delete(name);
        return true;
    }, inProcess: true));

    private TimeSpan SyncTime() => disk.Random.Duration(disk.Faults.SyncTime.First, disk.Faults.SyncTime.Last);

    private Task<T> ActAsync<T>(TimeSpan after, Func<T> act, bool inProcess = false) => WorldCall.RunAsync(process, after, act, TimeSpan.Zero, inProcess);

    private sealed class File(SimLogDevice device, SimFile file, string name) : ILogFile
    {
        public long Length => file.Data.Length;

        public ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct) => new(device.ActAsync(SmallStep, () =>
        {
            int count = (int)Math.Clamp(file.Data.Length - position, 0, destination.Length);
            file.Data.AsMemory((int)position, count).CopyTo(destination);
            return count;
        }));

        public async ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct)
        {
            SimDisk disk = device.Disk;
            // The bytes are taken now: a process that dies leaves its memory to nobody.
            byte[] bytes = data.ToArray();
            await device.ActAsync(SmallStep, () =>
            {
                file.Write((int)position, bytes);
                return true;
            });
            TimeSpan time = device.SyncTime();
            disk.Syncing?.Invoke(time);
            if (!device.Process.Alive)
            {
                // It was killed between the write and the sync: to it the write never ends, or it would write on as if this were durable.
                await new TaskCompletionSource().Task;
            }
            await device.ActAsync(time, () =>
            {
                if (disk.Random.Chance(disk.Faults.SyncFails))
                {
                    disk.Kernel.Trace.Add(disk.Name, $"sync of {name} at {position} failed");
                    throw new IOException("The simulated disk failed to sync.");
                }
                file.Sync();
                if (FrameHead.TryRead(bytes, out FrameHead head))
                {
                    disk.ProvenPosition = Math.Max(disk.ProvenPosition, head.DurablePosition);
                }
                disk.Kernel.Trace.Add(disk.Name, $"synced {name} at {position}, {bytes.Length} bytes");
                return true;
            });
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private SimDisk Disk => disk;

    private SimProcess Process => process;
}
