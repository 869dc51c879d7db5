using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Storage.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public sealed class FolderLogDeviceTests : IDisposable
{
    private static readonly NodeLogOptions Small = new() { FileBytes = 1 << 20, SpaceRetryDelay = TimeSpan.FromMilliseconds(20) };

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "streamhouse-log-" + Guid.NewGuid().ToString("n"));
    private readonly BufferPool _pool = new(1 << 20);

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Many_threads_append_through_rollovers_and_everything_is_recovered_in_order()
    {
        const int Threads = 4;
        const int PerThread = 300;
        var groups = Enumerable.Range(0, Threads).ToDictionary(g => (long)g, _ => new KnownGroup(0, 1, Deleted: false));
        var sent = new byte[Threads][][];
        using (var device = new FolderLogDevice(_folder))
        {
            NodeLog log = (await OpenAsync(device, groups)).Log;
            await Task.WhenAll(Enumerable.Range(0, Threads).Select(group => Task.Run(async () =>
            {
                sent[group] = new byte[PerThread][];
                var last = Task.CompletedTask;
                for (int i = 0; i < PerThread; i++)
                {
                    sent[group][i] = RandomNumberGenerator.GetBytes(1 + (i * 37 % 9000));
                    last = await AppendAsync(log, group, i, sent[group][i]);
                }
                await last.WaitAsync(TimeSpan.FromSeconds(30));
            })));
            log.FilesInUse.ShouldBeGreaterThan(3);
            log.Failed.IsCompleted.ShouldBeFalse();
            await log.DisposeAsync();
        }
        using (var device = new FolderLogDevice(_folder))
        {
            NodeLogRecovery recovery = await OpenAsync(device, groups);
            for (int group = 0; group < Threads; group++)
            {
                recovery.Groups[group].Select(b => b.Batch.Span.ToArray()).ShouldBe(sent[group]);
            }
            await recovery.Log.DisposeAsync();
        }
    }

    [Fact]
    public async Task Files_are_reserved_renamed_and_deleted()
    {
        using var device = new FolderLogDevice(_folder);
        ILogFile file = await device.CreateAsync("a.spare", 1 << 16, CancellationToken.None);
        file.Length.ShouldBe(1 << 16);
        new FileInfo(Path.Combine(_folder, "a.spare")).Length.ShouldBe(1 << 16);
        Memory<byte> data = device.AllocateBuffer(8192);
        data.Span.Fill(7);
        await device.RenameAsync("a.spare", "b.log", CancellationToken.None);
        await file.WriteDurablyAsync(4096, data, CancellationToken.None);
        byte[] read = new byte[1 << 17];
        (await file.ReadAsync(4096, read, CancellationToken.None)).ShouldBe((1 << 16) - 4096);
        read.AsSpan(0, 8192).IndexOfAnyExcept((byte)7).ShouldBe(-1);
        read[8192].ShouldBe((byte)0);
        (await device.ListAsync(CancellationToken.None)).ShouldBe(["b.log"]);
        await file.DisposeAsync();
        await device.DeleteAsync("b.log", CancellationToken.None);
        (await device.ListAsync(CancellationToken.None)).ShouldBeEmpty();
        await Should.ThrowAsync<IOException>(async () => await device.OpenAsync("b.log", CancellationToken.None));
        await Should.ThrowAsync<ArgumentException>(async () => await device.OpenAsync("../b.log", CancellationToken.None));
    }

    [Fact]
    public async Task Unaligned_memory_is_written_all_the_same_and_unaligned_places_are_refused()
    {
        using var device = new FolderLogDevice(_folder);
        ILogFile file = await device.CreateAsync("a.log", 1 << 16, CancellationToken.None);
        byte[] data = RandomNumberGenerator.GetBytes(4096);
        await file.WriteDurablyAsync(8192, data, CancellationToken.None);
        byte[] read = new byte[4096];
        await file.ReadAsync(8192, read, CancellationToken.None);
        read.ShouldBe(data);
        await Should.ThrowAsync<ArgumentException>(async () => await file.WriteDurablyAsync(100, data, CancellationToken.None));
        await Should.ThrowAsync<ArgumentException>(async () => await file.WriteDurablyAsync(1 << 16, data, CancellationToken.None));
    }

    [Fact]
    public async Task Write_after_the_device_was_closed_fails_for_whoever_awaits_it()
    {
        var device = new FolderLogDevice(_folder);
        ILogFile file = await device.CreateAsync("a.log", 1 << 16, CancellationToken.None);
        ValueTask begun = file.WriteDurablyAsync(0, new byte[4096], CancellationToken.None);
        device.Dispose();

        await Should.ThrowAsync<ObjectDisposedException>(async () => await begun).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Entering_never_runs_the_caller_on_its_own_stack()
    {
        using var device = new FolderLogDevice(_folder);
        for (int i = 0; i < 2000; i++)
        {
            int caller = Environment.CurrentManagedThreadId;
            int continued = 0;
            var done = new TaskCompletionSource();
            async Task Enter()
            {
                await device.EnterAsync();
                continued = Environment.CurrentManagedThreadId;
                done.SetResult();
            }
            SynchronizationContext? context = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            _ = Enter();
            SynchronizationContext.SetSynchronizationContext(context);
            HappensSoon(done.Task).ShouldBeTrue();
            continued.ShouldNotBe(caller);
        }
    }

    [Fact]
    public async Task A_really_full_disk_stops_appends_and_lets_them_go_on_afterwards()
    {
        Directory.CreateDirectory(_folder);
        if (!Mount(_folder, "8m"))
        {
            Assert.Skip("Mounting a tmpfs needs root.");
        }
        try
        {
            string filler = Path.Combine(_folder, "filler");
            File.WriteAllBytes(filler, new byte[4 << 20]);
            var groups = new Dictionary<long, KnownGroup> { [1] = new(0, 1, Deleted: false) };
            using var device = new FolderLogDevice(Path.Combine(_folder, "wal"));
            NodeLog log = (await OpenAsync(device, groups)).Log;
            byte[] batch = new byte[50_000];
            int appended = 0;
            NodeLogAdmission answer;
            while ((answer = await AdmitAsync(log, batch.Length)) == NodeLogAdmission.Admitted)
            {
                await await AppendAdmitted(log, 1, appended++, batch);
            }
            answer.ShouldBe(NodeLogAdmission.NoSpace);
            appended.ShouldBeGreaterThan(20);
            File.Delete(filler);
            long deadline = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
            while (log.Admit(batch.Length) != NodeLogAdmission.Admitted)
            {
                (Stopwatch.GetTimestamp() < deadline).ShouldBeTrue();
                await Task.Delay(5);
            }
            await await AppendAdmitted(log, 1, appended, batch);
            log.Failed.IsCompleted.ShouldBeFalse();
            await log.DisposeAsync();
        }
        finally
        {
            Execute("umount", "-l", _folder);
        }
    }

    private static bool HappensSoon(Task task) => task.Wait(TimeSpan.FromSeconds(10));

    private static bool Mount(string folder, string size) =>
        Environment.UserName == "root" && Execute("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder);

    private static bool Execute(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private Task<NodeLogRecovery> OpenAsync(FolderLogDevice device, Dictionary<long, KnownGroup> groups) => NodeLog.OpenAsync(
        device, Small, 192L << 20, LogRig.ClusterId, groups, _pool, new LogRig.SeededRandom(new Random(1)), TimeProvider.System, new BrokerMetrics(), NullLogger.Instance, CancellationToken.None);

    private static async Task<NodeLogAdmission> AdmitAsync(NodeLog log, int bytes)
    {
        NodeLogAdmission answer;
        while ((answer = log.Admit(bytes)) == NodeLogAdmission.Wait)
        {
            await Task.Delay(1);
        }
        return answer;
    }

    private async Task<Task> AppendAsync(NodeLog log, long group, long offset, byte[] bytes)
    {
        (await AdmitAsync(log, bytes.Length)).ShouldBe(NodeLogAdmission.Admitted);
        return await AppendAdmitted(log, group, offset, bytes);
    }

    private Task<Task> AppendAdmitted(NodeLog log, long group, long offset, byte[] bytes)
    {
        SharedBuffer buffer = _pool.Rent(bytes.Length);
        bytes.CopyTo(buffer.Span);
        var entry = new AwaitedEntry { Group = group, Epoch = 1, BaseOffset = offset, Count = 1, Batch = new BufferSlice(buffer, 0, bytes.Length) };
        log.Append(entry);
        buffer.Release();
        return Task.FromResult(entry.Done.Task);
    }

    private sealed class AwaitedEntry : NodeLogEntry
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void OnDurable() => Done.SetResult();

        public override void OnFailed(Exception cause) => Done.SetException(cause);
    }
}
