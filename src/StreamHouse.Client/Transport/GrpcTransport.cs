using System.Collections.Concurrent;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Transport;

/// <summary>
/// gRPC over a few shared connections. Batches of a topic share one stream, whose answers come in the order of its requests: topics of different
/// durability do not wait for each other. When a server cannot be reached the next address is tried.
/// </summary>
internal sealed class GrpcTransport : IClientTransport
{
    private readonly RpcChannel[][] _channels;
    private readonly ConcurrentDictionary<string, ProduceStream> _produceStreams = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private int _address;
    private int _nextChannel;

    public GrpcTransport(StreamHouseClientOptions options, TimeProvider clock)
    {
        _clock = clock;
        RpcChannelOptions channel = new()
        {
            ConnectTimeout = options.ConnectTimeout,
            ReceiveMessageBytesMax = options.MessageBytesMax,
            Tls = options.Tls,
        };
        _channels = [.. options.Addresses.Select(address =>
            Enumerable.Range(0, options.ConnectionsPerAddress).Select(_ => new RpcChannel(new Uri(address), clock, channel)).ToArray())];
    }

    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        int address = Volatile.Read(ref _address);
        try
        {
            return await _channels[address][0].UnaryAsync(method.Client, request, new RpcCallOptions(timeout), ct);
        }
        catch (RpcException e)
        {
            throw Failed(e, address);
        }
    }

    public Task<ProduceOutcome> ProduceAsync(in ProduceCall call)
    {
        while (true)
        {
            if (_produceStreams.TryGetValue(call.Topic, out ProduceStream? stream) && stream.TrySend(call) is { } answer)
            {
                return answer;
            }
            ProduceStream opened = new(this, call.Topic, _clock);
            if (stream is null ? _produceStreams.TryAdd(call.Topic, opened) : _produceStreams.TryUpdate(call.Topic, opened, stream))
            {
                opened.Start();
            }
        }
    }

    public IDeliveryStream Subscribe(SubscribeRequest request)
    {
        RpcChannel channel = NextChannel(out int address);
        return new GrpcDeliveryStream(this, channel, address, request);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ProduceStream stream in _produceStreams.Values)
        {
            await stream.DisposeAsync();
        }
        foreach (RpcChannel channel in _channels.SelectMany(channels => channels))
        {
            channel.Dispose();
        }
    }

    /// <summary>A connection, each in turn.</summary>
    public RpcChannel NextChannel(out int address)
    {
        address = Volatile.Read(ref _address);
        RpcChannel[] channels = _channels[address];
        return channels[(uint)Interlocked.Increment(ref _nextChannel) % (uint)channels.Length];
    }

    /// <summary>What a failure means. After one of the connection the next address gets its turn.</summary>
    public StreamHouseException Failed(RpcException failure, int address)
    {
        StreamHouseException error = ErrorMapping.ToException(failure);
        if (error.Code is StreamHouseErrorCode.Unavailable or StreamHouseErrorCode.ShuttingDown)
        {
            Interlocked.CompareExchange(ref _address, (address + 1) % _channels.Length, address);
        }
        return error;
    }

    public void Forget(string topic, ProduceStream stream) => _produceStreams.TryRemove(new(topic, stream));
}
