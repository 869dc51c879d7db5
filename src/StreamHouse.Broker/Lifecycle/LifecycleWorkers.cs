using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>Retention, collection and milestones, running from the broker's start to its stop.</summary>
internal sealed class LifecycleWorkers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _retention;
    private readonly Task _collection;
    private readonly Task _milestones;

    public LifecycleWorkers(BrokerPorts ports, LifecycleOptions options, Guid clusterId, TopicCatalog catalog, Milestones milestones)
    {
        RetentionWorker retention = new(
            new LocalLogDirectory(catalog), ports.Metadata, options, ports.Clock, ports.Random, ports.Metrics,
            ports.Loggers.CreateLogger<RetentionWorker>());
        Collector = new ObjectCollector(
            clusterId, ports.Metadata, ports.Objects, options, ports.Clock, ports.Random, ports.Metrics, ports.Loggers.CreateLogger<ObjectCollector>());
        _retention = retention.RunAsync(_stop.Token);
        _collection = Collector.RunAsync(_stop.Token);
        _milestones = milestones.RunAsync(_stop.Token);
    }

    /// <summary>The collector, for the metrics.</summary>
    public ObjectCollector Collector { get; }

    /// <summary>Stops all and waits for the pass that is under way to notice.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _retention;
        await _collection;
        await _milestones;
        _stop.Dispose();
    }
}
