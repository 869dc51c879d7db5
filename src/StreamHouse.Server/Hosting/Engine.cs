using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Segments;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Kafka.Polling;
using StreamHouse.Server.Metrics;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.Metadata.Sqlite;
using StreamHouse.Storage.NodeLogs;
using StreamHouse.Storage.Objects;

namespace StreamHouse.Server.Hosting;

/// <summary>The broker of a unified server with the adapters under it: SQLite, node log and, by default, objects in the data folder.</summary>
internal sealed class Engine : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _undo;

    private Engine(LocalBroker broker, BrokerMetrics metrics, MetricsCollector collector, Stack<Func<ValueTask>> undo)
    {
        Collector = collector;
        Broker = broker;
        Metrics = metrics;
        _undo = undo;
    }

    public LocalBroker Broker { get; }

    public BrokerMetrics Metrics { get; }

    /// <summary>What <see cref="Metrics"/> measured, recovery included.</summary>
    public MetricsCollector Collector { get; }

    /// <summary>Where objects will lie, for the log.</summary>
    public static string ObjectsOf(DataFolder folder, ServerSettings settings)
    {
        S3StoreOptions bucket = settings.Get<S3StoreOptions>();
        return bucket.Bucket.Length > 0 ? bucket.ToString() : folder.PathOf("objects");
    }

    /// <summary>Opens everything in the order in which one needs the other, recovers, and takes all leases.</summary>
    /// <exception cref="StartupException">Something cannot be used; what was opened is closed again.</exception>
    public static async Task<Engine> StartAsync(DataFolder folder, ServerSettings settings, ILoggerFactory logs, CancellationToken ct)
    {
        Stack<Func<ValueTask>> undo = new();
        try
        {
            return await OpenAsync(folder, settings, logs, undo, ct);
        }
        catch (Exception e)
        {
            await UnwindAsync(undo);
            throw Explain(e) ?? e;
        }
    }

    /// <summary>Stops the broker, which keeps everything acknowledged, within <paramref name="ct"/>.</summary>
    public Task StopAsync(CancellationToken ct) => Broker.StopAsync(ct);

    public ValueTask DisposeAsync() => UnwindAsync(_undo);

    private static async Task<Engine> OpenAsync(
        DataFolder folder, ServerSettings settings, ILoggerFactory logs, Stack<Func<ValueTask>> undo, CancellationToken ct)
    {
        SqlMetadataStore metadata = await SqlMetadataStore.OpenSqliteAsync(
            settings.Get<SqliteOptions>() with { Path = folder.PathOf("metadata.db") }, TimeProvider.System, ct);
        undo.Push(metadata.DisposeAsync);
        IObjectStore objects = OpenObjects(folder, settings, logs, undo);
        await objects.CheckAsync(ct);
        FolderLogDevice device = new(folder.PathOf("wal"));
        undo.Push(() => Dispose(device));
        BrokerMetrics metrics = new();
        undo.Push(() => Dispose(metrics));
        MetricsCollector collector = new(metrics);
        undo.Push(() => Dispose(collector));
        LocalBroker broker = await LocalBroker.StartAsync(
            new BrokerPorts(metadata, objects, device, LoopClock.Instance, new SystemRandomSource(), metrics, logs), EngineOptions.From(settings), ct);
        undo.Push(broker.DisposeAsync);
        return new Engine(broker, metrics, collector, undo);
    }

    private static IObjectStore OpenObjects(DataFolder folder, ServerSettings settings, ILoggerFactory logs, Stack<Func<ValueTask>> undo)
    {
        S3StoreOptions bucket = settings.Get<S3StoreOptions>();
        if (bucket.Bucket.Length > 0)
        {
            S3ObjectStore store = new(bucket, TimeProvider.System, logs.CreateLogger<S3ObjectStore>());
            undo.Push(() => Dispose(store));
            return store;
        }
        FolderObjectStore objects = new(settings.Get<FolderStoreOptions>() with { Path = folder.PathOf("objects") });
        undo.Push(() => Dispose(objects));
        return objects;
    }

    private static StartupException? Explain(Exception e) => e switch
    {
        ObjectStoreException => new StartupException(ExitCode.ObjectStoreUnusable, $"The object store cannot be used: {e.Message}", e),
        BrokerException { Code: BrokerErrorCode.NoSpace } => new StartupException(ExitCode.DataFolderUnusable, e.Message, e),
        BrokerException => new StartupException(ExitCode.DataRefused, e.Message, e),
        UnauthorizedAccessException or IOException => new StartupException(ExitCode.DataFolderUnusable, e.Message, e),
        _ => null,
    };

    private static ValueTask Dispose(IDisposable resource)
    {
        resource.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask UnwindAsync(Stack<Func<ValueTask>> undo)
    {
        while (undo.TryPop(out Func<ValueTask>? close))
        {
            await close();
        }
    }
}
