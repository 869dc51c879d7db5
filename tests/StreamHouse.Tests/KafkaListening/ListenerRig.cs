using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Listeners;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>The real engine behind a real Kafka listener on a free loopback port.</summary>
internal sealed class ListenerRig : IAsyncDisposable
{
    private readonly BrokerMetrics _metrics;
    private readonly List<RawClient> _clients = [];
    private readonly MeterListener _counters = new();
    private long _rejected;

    private ListenerRig(EngineRig engine, BrokerMetrics metrics, KafkaListener listener, IReadOnlyList<(string Name, IPEndPoint Endpoint)> endpoints)
    {
        Engine = engine;
        _metrics = metrics;
        Listener = listener;
        Endpoints = endpoints;
        _counters.InstrumentPublished = (instrument, counters) =>
        {
            if (instrument.Meter == metrics.Meter && instrument.Name == "streamhouse.kafka.connections.rejected")
            {
                counters.EnableMeasurementEvents(instrument);
            }
        };
        _counters.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _rejected, count));
        _counters.Start();
    }

    /// <summary>Connections counted as closed because of their clients.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    public EngineRig Engine { get; }

    public KafkaListener Listener { get; }

    public IReadOnlyList<(string Name, IPEndPoint Endpoint)> Endpoints { get; }

    public IPEndPoint Endpoint => Endpoints[0].Endpoint;

    public static async Task<ListenerRig> StartAsync(KafkaOptions? options = null, BrokerOptions? broker = null, params KafkaEndpoint[] endpoints)
    {
        EngineRig engine = await EngineRig.StartAsync(broker);
        BrokerMetrics metrics = new();
        if (endpoints.Length == 0)
        {
            endpoints = [Loopback("internal")];
        }
        KafkaListener listener = KafkaFrontEnd.Create(
            engine.Broker, metrics, TimeProvider.System, options ?? new KafkaOptions(), endpoints, NullLoggerFactory.Instance);
        return new ListenerRig(engine, metrics, listener, listener.Start());
    }

    public static KafkaEndpoint Loopback(string name, string? host = null, int? port = null, bool tls = false) =>
        new(name, new IPEndPoint(IPAddress.Loopback, 0), host, port, tls);

    public async Task<RawClient> ConnectAsync()
    {
        RawClient client = await RawClient.ConnectAsync(Endpoint);
        _clients.Add(client);
        return client;
    }

    public Task<TopicDescription> CreateTopicAsync(string name = "t", int partitions = 1) => Engine.CreateTopicAsync(name, partitions);

    /// <summary>Waits until the listener has as many connections.</summary>
    public async Task WaitForConnectionsAsync(int count)
    {
        for (int i = 0; i < 2000 && Listener.Connections != count; i++)
        {
            await Task.Delay(5);
        }
        Listener.Connections.ShouldBe(count);
    }

    /// <summary>Proves that the server still serves others.</summary>
    public async Task ShouldStillServeAsync()
    {
        using RawClient other = await RawClient.ConnectAsync(Endpoint);
        ApiVersionsResponse versions = await other.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        versions.ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawClient client in _clients)
        {
            client.Dispose();
        }
        await Listener.DisposeAsync();
        await Engine.DisposeAsync();
        _counters.Dispose();
        _metrics.Dispose();
    }
}
