using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;
using StreamHouse.Records;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.NodeLogs;
using StreamHouse.Tests.Objects;

namespace StreamHouse.Tests.Engine;

/// <summary>
/// The real engine over a real log folder, real SQL metadata and objects in memory, with gates and faults between them. Each start is a new
/// process as far as the engine can tell; <see cref="CrashAsync"/> abandons it and cuts it off from everything.
/// </summary>
internal sealed class EngineRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("engine").FullName;
    private readonly BrokerMetrics _metrics = new();
    private readonly MemoryObjectStore _stored = new();
    private readonly TimeProvider _clock;
    private readonly List<FolderLogDevice> _abandoned = [];
    private FolderLogDevice? _folderDevice;
    private SqlMetadataStore? _sql;

    private EngineRig(BrokerOptions options, TimeProvider clock)
    {
        NextOptions = options;
        _clock = clock;
        _stored.Clock = clock;
    }

    /// <summary>What the next start is made with.</summary>
    public BrokerOptions NextOptions { get; set; }

    public LocalBroker Broker { get; private set; } = null!;

    public GatedLogDevice Log { get; private set; } = null!;

    public FaultyObjectStore Objects { get; private set; } = null!;

    public FaultyMetadata Metadata { get; private set; } = null!;

    /// <summary>The metadata itself, past the faults.</summary>
    public IMetadataStore Store => _sql!;

    public static BrokerOptions Options { get; } = new()
    {
        NodeLog = new NodeLogOptions { FileBytes = 1 << 20 },
        LocalUploads = UploadOptions.ForLocal with { RetryDelayMax = TimeSpan.FromMilliseconds(20) },
        ObjectUploads = UploadOptions.ForObject with { RetryDelayMax = TimeSpan.FromMilliseconds(20) },
    };

    public static async Task<EngineRig> StartAsync(BrokerOptions? options = null, TimeProvider? clock = null)
    {
        EngineRig rig = new(options ?? Options, clock ?? TimeProvider.System);
        rig._sql = await SqlMetadataStore.OpenInMemoryAsync(rig._clock, CancellationToken.None);
        rig.Metadata = FaultyMetadata.Over(rig._sql);
        await rig.OpenAsync();
        return rig;
    }

    public async Task RestartAsync()
    {
        await Broker.StopAsync(CancellationToken.None);
        _folderDevice!.Dispose();
        await OpenAsync();
    }

    public async Task CrashAsync()
    {
        Objects.CutOff();
        await Log.CutOffAsync();
        _abandoned.Add(_folderDevice!);
        await OpenAsync();
    }

    public Task<TopicDescription> CreateTopicAsync(string name = "t", int partitions = 1, Durability durability = Durability.Local, params (string, string)[] config) =>
        Broker.CreateTopicAsync(name, partitions, durability, TopicConfig.Parse(config.Select(c => KeyValuePair.Create(c.Item1, c.Item2))), CancellationToken.None);

    public Task<AppendResult> Append(TopicDescription topic, byte[] batch, int partition = 0, Acks acks = Acks.All)
    {
        SharedBuffer buffer = Broker.Buffers.Rent(batch.Length);
        batch.CopyTo(buffer.Span);
        Task<AppendResult> answer = Broker.Append(new AppendRequest(new TopicPartition(topic.Id, partition), new BufferSlice(buffer, 0, batch.Length), acks));
        buffer.Release();
        return answer;
    }

    /// <summary>Appends a batch of values and returns its base offset.</summary>
    public async Task<long> AppendAsync(TopicDescription topic, params string[] values)
    {
        AppendResult result = await Append(topic, Batch(values)).WaitAsync(TimeSpan.FromSeconds(20));
        result.Error.ShouldBe(BrokerErrorCode.None, result.Message);
        return result.BaseOffset;
    }

    /// <summary>A batch of values, plain or of an idempotent producer.</summary>
    public static byte[] Batch(string[] values, long producer = -1, int sequence = -1, short epoch = 0, long timestamp = 1_000)
    {
        using RecordBatchBuilder builder = new();
        for (int i = 0; i < values.Length; i++)
        {
            builder.Add(timestamp + i, default, Encoding.UTF8.GetBytes(values[i]));
        }
        return builder.Build(new RecordBatchOptions
        {
            ProducerId = producer,
            ProducerEpoch = producer < 0 ? (short)-1 : epoch,
            BaseSequence = sequence,
        }).ToArray();
    }

    public Task<FetchResult> FetchAsync(TopicDescription topic, long offset, int partition = 0, TimeSpan wait = default, int bytesMin = 1, int bytesMax = 1 << 20, CancellationToken ct = default) =>
        Broker.FetchAsync(new FetchRequest([new FetchPartition(new TopicPartition(topic.Id, partition), offset, bytesMax)], bytesMin, bytesMax, wait), ct).AsTask();

    /// <summary>Reads everything visible from an offset on, as "offset:value".</summary>
    public async Task<List<string>> ReadAllAsync(TopicDescription topic, long offset = 0, int partition = 0)
    {
        List<string> all = [];
        while (true)
        {
            using FetchResult result = await FetchAsync(topic, offset, partition);
            PartitionFetch fetch = result.Partitions[0];
            fetch.Error.ShouldBe(BrokerErrorCode.None, fetch.Message);
            if (fetch.Bytes == 0)
            {
                return all;
            }
            offset = Decode(fetch, offset, all);
        }
    }

    /// <summary>A gauge's value now. Only before a restart: the next process would measure beside this one.</summary>
    public long Read(string gauge)
    {
        long value = -1;
        using MeterListener listener = new();
        listener.SetMeasurementEventCallback<long>((_, measured, _, _) => value = measured);
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == _metrics.Meter && instrument.Name == gauge)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.Start();
        listener.RecordObservableInstruments();
        return value;
    }

    /// <summary>Keys of the stored segments.</summary>
    public IReadOnlyList<string> Segments() => [.. _stored.Keys.Where(k => k.EndsWith(".seg", StringComparison.Ordinal))];

    public PartitionStatus Status(TopicDescription topic, int partition = 0) => Broker.DescribePartitions(topic.Id)[partition];

    /// <summary>Uploads what there is and waits until it is committed.</summary>
    public async Task TierAsync(TopicDescription topic, int partition = 0)
    {
        long end = Status(topic, partition).HighWatermark;
        Broker.FlushAll();
        await UntilAsync(() => Status(topic, partition).TieredEndOffset >= end);
    }

    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (await condition())
            {
                return;
            }
            await Task.Delay(10);
        }
        (await condition()).ShouldBeTrue("it did not happen within 20 s");
    }

    public async ValueTask DisposeAsync()
    {
        Log.Open();
        Objects.Failing = null;
        Objects.Open();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        await Broker.StopAsync(limit.Token);
        _folderDevice?.Dispose();
        _abandoned.Clear();
        await _sql!.DisposeAsync();
        _metrics.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _folderDevice = new FolderLogDevice(Path.Combine(_folder, "wal"));
        Log = new GatedLogDevice(_folderDevice);
        Objects = new FaultyObjectStore(_stored);
        Broker = await LocalBroker.StartAsync(
            new BrokerPorts((IMetadataStore)(object)Metadata, Objects, Log, _clock, new SystemRandom(), _metrics, NullLoggerFactory.Instance), NextOptions, CancellationToken.None);
    }

    /// <summary>Adds what was read as "offset:value"; returns the next offset.</summary>
    public static long Decode(PartitionFetch fetch, long from, List<string> all)
    {
        byte[] bytes = new byte[fetch.Bytes];
        int at = 0;
        foreach (BufferSlice slice in fetch.Slices)
        {
            slice.Span.CopyTo(bytes.AsSpan(at));
            at += slice.Length;
        }
        using RecordBatchReader reader = new();
        for (int position = 0; position < bytes.Length;)
        {
            int size = (int)new RecordBatchView(bytes.AsSpan(position)).SizeBytes;
            foreach (StreamHouse.Records.Record record in reader.Open(bytes.AsSpan(position, size)))
            {
                if (record.Offset >= from)
                {
                    record.Offset.ShouldBe(from);
                    all.Add($"{record.Offset}:{Encoding.UTF8.GetString(record.Value.Span)}");
                    from++;
                }
            }
            position += size;
        }
        return from;
    }

    private sealed class SystemRandom : IRandomSource
    {
        public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}
