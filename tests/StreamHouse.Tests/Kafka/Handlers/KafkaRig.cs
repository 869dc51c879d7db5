using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Kafka;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Listeners;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.Kafka.Handlers;

/// <summary>The Kafka listener over the real engine, on a loopback port, with a client of its own.</summary>
internal sealed class KafkaRig : IAsyncDisposable
{
    private readonly BrokerMetrics _metrics = new();
    private readonly KafkaOptions _options;
    private KafkaListener _listener = null!;
    private IPEndPoint _endpoint = null!;

    private KafkaRig(EngineRig engine, KafkaOptions options)
    {
        Engine = engine;
        _options = options;
    }

    public EngineRig Engine { get; }

    public LocalBroker Broker => Engine.Broker;

    public KafkaTestClient Client { get; private set; } = null!;

    public int Port => _endpoint.Port;

    public static async Task<KafkaRig> StartAsync(KafkaOptions? options = null, BrokerOptions? engine = null, TimeProvider? clock = null)
    {
        KafkaRig rig = new(await EngineRig.StartAsync(engine, clock), options ?? new KafkaOptions());
        rig.Open();
        return rig;
    }

    /// <summary>Stops the engine and starts it again, and connects anew.</summary>
    public async Task RestartAsync()
    {
        await CloseAsync();
        await Engine.RestartAsync();
        Open();
    }

    public KafkaTestClient Connect() => new(_endpoint);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await Engine.DisposeAsync();
        _metrics.Dispose();
    }

    private void Open()
    {
        _listener = KafkaFrontEnd.Create(
            Engine.Broker, _metrics, TimeProvider.System, _options,
            [new KafkaEndpoint("internal", new IPEndPoint(IPAddress.Loopback, 0), null, null, UsesTls: false)], NullLoggerFactory.Instance);
        _endpoint = _listener.Start()[0].Endpoint;
        Client = Connect();
    }

    private async Task CloseAsync()
    {
        Client.Dispose();
        await _listener.DisposeAsync();
    }
}

/// <summary>A client that speaks the protocol by the generated codec: one connection, one request at a time.</summary>
internal sealed class KafkaTestClient : IDisposable
{
    private readonly TcpClient _connection = new();
    private int _correlation;

    public KafkaTestClient(IPEndPoint server)
    {
        _connection.NoDelay = true;
        _connection.Connect(server);
        _connection.ReceiveTimeout = 20_000;
    }

    /// <summary>Sends a request and reads its response, all of it.</summary>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(TRequest request, short version)
        where TRequest : IKafkaMessage<TRequest>
        where TResponse : IKafkaMessage<TResponse>
    {
        await SendAsync(request, version);
        return await ReadAsync<TResponse>(version);
    }

    public async Task SendAsync<TRequest>(TRequest request, short version)
        where TRequest : IKafkaMessage<TRequest>
    {
        using KafkaBuffer buffer = new();
        KafkaFrame.WriteRequest(buffer, version, ++_correlation, "test", request);
        await _connection.GetStream().WriteAsync(buffer.WrittenMemory);
    }

    public async Task<TResponse> ReadAsync<TResponse>(short version)
        where TResponse : IKafkaMessage<TResponse>
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        byte[] length = new byte[sizeof(int)];
        await _connection.GetStream().ReadExactlyAsync(length, limit.Token);
        byte[] frame = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length)];
        await _connection.GetStream().ReadExactlyAsync(frame, limit.Token);
        return Parse<TResponse>(frame, version);
    }

    public void Dispose() => _connection.Dispose();

    private TResponse Parse<TResponse>(byte[] frame, short version)
        where TResponse : IKafkaMessage<TResponse>
    {
        KafkaReader reader = new(frame);
        ResponseHeader.Read(ref reader, TResponse.Api, version).CorrelationId.ShouldBe(_correlation);
        var response = TResponse.Read(ref reader, version);
        reader.Remaining.ShouldBe(0, "the response ends where its frame does");
        return response;
    }
}
