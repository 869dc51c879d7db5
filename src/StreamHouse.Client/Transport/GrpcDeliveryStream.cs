using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Transport;

/// <summary>A subscription over gRPC.</summary>
internal sealed class GrpcDeliveryStream(GrpcTransport transport, RpcChannel channel, int address, SubscribeRequest request) : IDeliveryStream
{
    private readonly CancellationTokenSource _ended = new();
    private ServerStreamingCall<IncomingDelivery>? _call;

    public async ValueTask<Delivery?> ReadAsync(CancellationToken ct)
    {
        _call ??= channel.ServerStreaming(ConsumerRpc.Subscribe, request, default, _ended.Token);
        using (ct.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _ended))
        {
            try
            {
                return await _call.MoveNextAsync() ? Convert(_call.Current) : null;
            }
            catch (RpcException e)
            {
                throw transport.Failed(e, address);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_call is { } call)
        {
            await call.DisposeAsync();
        }
        _ended.Dispose();
    }

    private static Delivery Convert(IncomingDelivery incoming) => new(incoming)
    {
        Partition = incoming.Partition,
        IsHeartbeat = incoming.Heartbeat,
        HighWatermark = incoming.HighWatermark,
        NextOffset = incoming.NextOffset,
        Error = incoming.Error is { } error ? ErrorMapping.ToException(error) : null,
        Batches = incoming.Batches,
    };
}
