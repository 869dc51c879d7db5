using Google.Protobuf;
using StreamHouse.Client;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Client.Groups;

/// <summary>One client's way to a cluster, which can be cut: requests then fail, and the server hears nothing.</summary>
internal sealed class CuttableTransport(IClientTransport inner) : IClientTransport
{
    public bool IsCut { get; set; }

    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        ThrowIfCut();
        TResponse response = await inner.CallAsync(method, request, timeout, ct);
        ThrowIfCut();
        return response;
    }

    public Task<ProduceOutcome> ProduceAsync(in ProduceCall call) => inner.ProduceAsync(call);

    public IDeliveryStream Subscribe(SubscribeRequest request) => inner.Subscribe(request);

    public ValueTask DisposeAsync() => default;

    private void ThrowIfCut()
    {
        if (IsCut)
        {
            throw new StreamHouseException(StreamHouseErrorCode.Unavailable, "The network is cut.", isRetriable: true, isOutcomeUnknown: true);
        }
    }
}
