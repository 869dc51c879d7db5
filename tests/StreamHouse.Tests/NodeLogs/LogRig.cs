using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.NodeLogs;

/// <summary>A node log on a <see cref="MemoryLogDevice"/>, on the test's thread, with everything it told its callers written down.</summary>
internal sealed class LogRig
{
    public static readonly Guid ClusterId = Guid.Parse("11111111-2222-3333-4444-555555555555");

    private readonly Random _random;

    public LogRig(MemoryLogDevice? device = null, int seed = 1)
    {
        // The runner's context would resume the log on its own threads.
        SynchronizationContext.SetSynchronizationContext(null);
        Device = device ?? new MemoryLogDevice();
        _random = new Random(seed);
    }

    public MemoryLogDevice Device { get; }

    public NodeLogOptions Options { get; set; } = new() { FileBytes = 256 << 10, FrameBytesMax = 64 << 10 };

    public long RecoveredBytesMax { get; set; } = 192L << 20;

    public ManualTimeProvider Clock { get; } = new();

    public BufferPool Pool { get; } = new(0);

    public Dictionary<long, KnownGroup> Groups { get; } = [];

    public NodeLog Log { get; private set; } = null!;

    public NodeLogRecovery Recovery { get; private set; } = null!;

    /// <summary>Entries told durable, in order.</summary>
    public List<TestEntry> Durable { get; } = [];

    /// <summary>Entries told failed, in order.</summary>
    public List<TestEntry> Failed { get; } = [];

    public int SpaceChanges { get; private set; }

    public Task<NodeLogRecovery> OpenAsync() => NodeLog.OpenAsync(
        Device, Options, RecoveredBytesMax, ClusterId, Groups, Pool, new SeededRandom(_random), Clock, new BrokerMetrics(), NullLogger.Instance, CancellationToken.None);

    public LogRig Open()
    {
        Use(Device.Run(OpenAsync()));
        Device.Pump();
        return this;
    }

    public void Use(NodeLogRecovery recovery)
    {
        Recovery = recovery;
        Log = recovery.Log;
        Log.SpaceChanged += () => SpaceChanges++;
    }

    public TestEntry Entry(long group, long baseOffset, int bytes, int count = 1, long epoch = 1)
    {
        Groups.TryAdd(group, new KnownGroup(0, 1_000, Deleted: false));
        SharedBuffer buffer = Pool.Rent(Math.Max(bytes, 1));
        var slice = new BufferSlice(buffer, 0, bytes);
        _random.NextBytes(slice.Span);
        if (bytes >= 8)
        {
            BinaryPrimitives.WriteInt64BigEndian(slice.Span, baseOffset);
        }
        return new TestEntry(this, slice.Span.ToArray()) { Group = group, Epoch = epoch, BaseOffset = baseOffset, Count = count, Batch = slice };
    }

    /// <summary>Admits and appends without letting the device work.</summary>
    public TestEntry Append(long group, long baseOffset, int bytes, int count = 1, long epoch = 1)
    {
        TestEntry entry = Entry(group, baseOffset, bytes, count, epoch);
        Log.Admit(bytes).ShouldBe(NodeLogAdmission.Admitted);
        Log.Append(entry);
        entry.Batch.Owner.Release();
        return entry;
    }

    /// <summary>Lets the idle delay pass twice: the first may have begun before the last burst.</summary>
    public void FallIdle()
    {
        for (int i = 0; i < 2; i++)
        {
            Device.Pump();
            Clock.Advance(Options.IdleSyncDelay);
            Device.Pump();
        }
    }

    /// <summary>What a new process finds on a copy of the disk.</summary>
    public LogRig Reopen(MemoryLogDevice? device = null)
    {
        var rig = new LogRig(device ?? Device.Copy(), _random.Next()) { Options = Options, RecoveredBytesMax = RecoveredBytesMax };
        foreach ((long group, KnownGroup known) in Groups)
        {
            rig.Groups[group] = known;
        }
        return rig.Open();
    }

    public void ShouldHaveRecovered(params TestEntry[] entries)
    {
        var expected = entries.Select(e => (e.Group, e.Epoch, e.BaseOffset, e.Count, Convert.ToHexString(e.Bytes))).ToList();
        var found = Recovery.Groups
            .SelectMany(g => g.Value.Select(b => (g.Key, b.Epoch, b.BaseOffset, b.Count, Convert.ToHexString(b.Batch.Span)))).ToList();
        foreach (long group in expected.Select(e => e.Group).Concat(found.Select(e => e.Key)).Distinct())
        {
            found.Where(e => e.Key == group).ShouldBe(expected.Where(e => e.Group == group));
        }
    }

    internal sealed class SeededRandom(Random random) : IRandomSource
    {
        public void Fill(Span<byte> destination) => random.NextBytes(destination);
    }

    internal sealed class TestEntry(LogRig rig, byte[] bytes) : NodeLogEntry
    {
        public byte[] Bytes { get; } = bytes;

        public override void OnDurable() => rig.Durable.Add(this);

        public override void OnFailed(Exception cause) => rig.Failed.Add(this);
    }
}
