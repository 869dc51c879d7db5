using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;

namespace StreamHouse.Client;

/// <summary>
/// The way into StreamHouse: shares its connections among the producers, consumers and administration it hands out. Safe for concurrent use; keep one
/// per process. Nothing connects before the first request. Dispose of producers and consumers first: they need the connections to finish.
/// </summary>
public sealed class StreamHouseClient : IAsyncDisposable
{
    private readonly StreamHouseClientOptions _options;
    private readonly IClientTransport _transport;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly ILoggerFactory _logs;

    /// <summary>A client of one server, with defaults for the rest.</summary>
    /// <param name="address">Such as <c>http://127.0.0.1:50051</c>.</param>
    public StreamHouseClient(string address)
        : this(new StreamHouseClientOptions { Addresses = [address] })
    {
    }

    /// <summary>A client with options.</summary>
    /// <param name="options">Checked here.</param>
    /// <param name="logs">Where retries and failures are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public StreamHouseClient(StreamHouseClientOptions options, ILoggerFactory? logs = null)
        : this(Checked(options), new GrpcTransport(options, TimeProvider.System), TimeProvider.System, Random.Shared, logs ?? NullLoggerFactory.Instance)
    {
    }

    internal StreamHouseClient(
        StreamHouseClientOptions options, IClientTransport transport, TimeProvider clock, Random random, ILoggerFactory logs)
    {
        _options = options with { };
        _transport = transport;
        _clock = clock;
        _random = random;
        _logs = logs;
        RetryingCaller caller = new(transport, _options.Retry, _options.CallTimeout, clock, random);
        Admin = new Admin(caller);
    }

    /// <summary>Topics, offsets, segments, status.</summary>
    public Admin Admin { get; }

    /// <summary>Creates a producer. Dispose of it: that delivers what it holds.</summary>
    /// <param name="options">Null takes <see cref="StreamHouseClientOptions.Producer"/>.</param>
    public Producer CreateProducer(ProducerOptions? options = null) =>
        new(_transport, options ?? _options.Producer, _clock, _random, _logs.CreateLogger<Producer>());

    /// <summary>Creates a consumer, which reads nothing until partitions are assigned to it.</summary>
    /// <param name="options">Null takes <see cref="StreamHouseClientOptions.Consumer"/>.</param>
    public Consumer CreateConsumer(ConsumerOptions? options = null) =>
        new(_transport, Admin, options ?? _options.Consumer, _clock, _random, _logs.CreateLogger<Consumer>());

    /// <summary>Closes the connections; what is not finished fails.</summary>
    public ValueTask DisposeAsync() => _transport.DisposeAsync();

    private static StreamHouseClientOptions Checked(StreamHouseClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }
}
