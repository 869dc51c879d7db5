using Microsoft.Extensions.Logging;
using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;
using StreamHouse.Tests.Objects;
using StreamHouse.Tests.Segments;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Lifecycle;

/// <summary>The real metadata store, objects in memory, one clock for both, and no engine: tests do what a writer would do.</summary>
internal sealed class LifecycleRig : IAsyncDisposable
{
    public static readonly Guid Me = new("00000000-0000-4000-8000-0000000000aa");

    private readonly BufferPool _pool = new(0);
    private readonly BrokerMetrics _metrics = new();
    private int _objects;

    private LifecycleRig(SqlMetadataStore metadata, ManualTimeProvider clock, LifecycleOptions options)
    {
        Metadata = metadata;
        Clock = clock;
        Objects.Clock = clock;
        Options = options;
        Collector = NewCollector();
    }

    public SqlMetadataStore Metadata { get; }

    public MemoryObjectStore Objects { get; } = new();

    public ManualTimeProvider Clock { get; }

    public LifecycleOptions Options { get; }

    public ObjectCollector Collector { get; }

    public LogLines Log { get; } = new();

    public BrokerMetrics Metrics => _metrics;

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<LifecycleRig> StartAsync(LifecycleOptions? options = null)
    {
        ManualTimeProvider clock = new();
        return new LifecycleRig(await SqlMetadataStore.OpenInMemoryAsync(clock, Ct), clock, options ?? new LifecycleOptions());
    }

    /// <param name="clock">The process's clock; null when it agrees with the stores'.</param>
    public ObjectCollector NewCollector(TimeProvider? clock = null) =>
        new(SegmentWorld.Cluster, Metadata, Objects, Options, clock ?? Clock, new SeededRandom(), _metrics, new Logger<ObjectCollector>(Log));

    /// <summary>A topic with one partition, led by <see cref="Me"/>.</summary>
    public async Task<Lease> LedAsync(string name = "t", Durability durability = Durability.Object)
    {
        TopicDescription topic = new(new TopicId(Guid.NewGuid()), name, 1, durability, TopicConfig.Default, Clock.GetUtcNow());
        await Metadata.CreateTopicAsync(topic, Ct);
        return (await Metadata.TakeTopicLeasesAsync(topic.Id, Me, null, Ct))[0];
    }

    /// <summary>Stores an object as an uploader does, without committing it.</summary>
    public async Task<SegmentObject> UploadAsync(params (TopicPartition Partition, long Epoch, long From, long To)[] slices)
    {
        SegmentBuilder builder = new(SegmentWorld.ObjectId(++_objects), SegmentWorld.Cluster, Me, Clock.GetUtcNow());
        foreach ((TopicPartition partition, long epoch, long from, long to) in slices)
        {
            byte[] batch = SegmentWorld.Batch(from, (int)(to - from), 1000, (int)epoch);
            SharedBuffer buffer = _pool.Rent(batch.Length);
            batch.CopyTo(buffer.Span);
            builder.AddSlice(new SliceInput
            {
                Partition = partition,
                TopicName = "t",
                Epoch = epoch,
                BaseOffset = from,
                EndOffset = to,
                LogStartOffset = 0,
                Batches = [new BufferSlice(buffer, 0, batch.Length)],
                Producers = ProducerSnapshot.Empty,
            });
        }
        SegmentObject built = builder.Build();
        await Objects.PutAsync(built.Key, built.Content, Ct);
        return built;
    }

    public Task<SegmentObject> UploadAsync(Lease lease, long from, long to) => UploadAsync((lease.Partition, lease.Epoch, from, to));

    /// <summary>Stores and commits.</summary>
    public async Task<SegmentObject> CommitAsync(Lease lease, long from, long to)
    {
        SegmentObject stored = await UploadAsync(lease, from, to);
        (await Metadata.CommitAsync(stored.ToCommit(Me), Ct)).ShouldAllBe(o => o == SliceOutcome.Committed);
        return stored;
    }

    /// <summary>An upload that failed and was made again under another id: the first one is an orphan.</summary>
    public async Task<SegmentObject> OrphanAsync(Lease lease, long from, long to)
    {
        SegmentObject lost = await UploadAsync(lease, from, to);
        await CommitAsync(lease, from, to);
        return lost;
    }

    /// <summary>Lets time pass, then runs a pass in which a search is due.</summary>
    public Task PassAfterAsync(TimeSpan time)
    {
        Clock.Advance(time);
        return Collector.RunOnceAsync(Ct);
    }

    public bool Stored(SegmentObject segment) => Objects.Keys.Contains(segment.Key);

    public ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        return Metadata.DisposeAsync();
    }

    private sealed class SeededRandom : IRandomSource
    {
        private readonly Random _random = new(1);

        public void Fill(Span<byte> destination) => _random.NextBytes(destination);
    }

    internal sealed class LogLines : ILoggerFactory, ILogger
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IEnumerable<string> Errors => Lines.Where(l => l.Level == LogLevel.Error).Select(l => l.Text);

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, formatter(state, exception)));
    }
}
