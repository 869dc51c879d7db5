using System.Diagnostics.Metrics;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Server.Metrics;

/// <summary>Keeps the broker's measurements, and a few of the runtime's, from its construction on, ready to be written for Prometheus.</summary>
internal sealed class MetricsCollector : IDisposable
{
    private const string RuntimeMeter = "System.Runtime";
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    // What an operator asks first about a .NET process; the rest of the runtime's instruments has tools of its own.
    private static readonly HashSet<string> RuntimeInstruments =
    [
        "dotnet.process.cpu.time", "dotnet.process.memory.working_set", "dotnet.gc.collections", "dotnet.gc.pause.time",
        "dotnet.gc.heap.total_allocated", "dotnet.gc.last_collection.memory.committed_size", "dotnet.gc.last_collection.heap.size",
        "dotnet.exceptions", "dotnet.thread_pool.queue.length", "dotnet.thread_pool.work_item.count",
    ];

    private readonly MeterListener _listener = new();
    private readonly Meter _meter;
    private readonly Lock _observing = new();
    private readonly Lock _publishing = new();
    private volatile MetricFamily[] _families = [];

    /// <param name="metrics">The broker's instruments; those of other brokers in the process are left alone.</param>
    public MetricsCollector(BrokerMetrics metrics)
    {
        _meter = metrics.Meter;
        _listener.InstrumentPublished = OnPublished;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.Start();
        metrics.RecordZeros();
    }

    /// <summary>Reads the observable instruments, and returns every family in name order.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_observing)
        {
            _listener.RecordObservableInstruments();
        }
        return _families;
    }

    public void Dispose() => _listener.Dispose();

    private static void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((MetricFamily)state!).Record(value, tags);

    private void OnPublished(Instrument instrument, MeterListener listener)
    {
        bool wanted = ReferenceEquals(instrument.Meter, _meter)
            || (instrument.Meter.Name == RuntimeMeter && RuntimeInstruments.Contains(instrument.Name));
        if (!wanted || KindOf(instrument) is not { } kind)
        {
            return;
        }
        string name = PrometheusName.Of(Renamed(instrument.Name), instrument.Unit, kind);
        var family = new MetricFamily(name, kind, instrument.Description ?? instrument.Name, BoundsOf(instrument));
        lock (_publishing)
        {
            _families = [.. _families.Append(family).OrderBy(f => f.Name, StringComparer.Ordinal)];
        }
        listener.EnableMeasurementEvents(instrument, family);
    }

    // "_count" at the end is reserved for histograms.
    private static string Renamed(string instrument) =>
        instrument.EndsWith(".count", StringComparison.Ordinal) ? instrument[..^".count".Length] + "s" : instrument;

    private static MetricKind? KindOf(Instrument instrument)
    {
        Type type = instrument.GetType();
        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        return definition switch
        {
            _ when definition == typeof(Counter<>) => MetricKind.Counter,
            _ when definition == typeof(UpDownCounter<>) => MetricKind.SummedGauge,
            _ when definition == typeof(Gauge<>) => MetricKind.Gauge,
            _ when definition == typeof(Histogram<>) => MetricKind.Histogram,
            _ when definition == typeof(ObservableCounter<>) => MetricKind.ObservedCounter,
            _ when definition == typeof(ObservableGauge<>) || definition == typeof(ObservableUpDownCounter<>) => MetricKind.Gauge,
            _ => null,
        };
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        _ => DefaultBounds,
    };
}
