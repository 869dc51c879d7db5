using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Services;

/// <summary>The methods of <c>streamhouse.v1.ConsumerService</c>.</summary>
public static class ConsumerRpc
{
    /// <summary>The service's full name.</summary>
    public const string Service = "streamhouse.v1.ConsumerService";

    private static readonly ProtobufMarshaller<FetchRequest> FetchRequests = new();
    private static readonly ProtobufMarshaller<SubscribeRequest> SubscribeRequests = new();

    /// <summary>Reads batches of one partition, for callers.</summary>
    public static ClientMethod<FetchRequest, IncomingFetch> Fetch { get; } =
        new($"/{Service}/Fetch", FetchRequests, new IncomingFetchReader(PooledPayloadAllocator.Instance));

    /// <summary>Follows partitions of one topic, for callers.</summary>
    public static ClientMethod<SubscribeRequest, IncomingDelivery> Subscribe { get; } =
        new($"/{Service}/Subscribe", SubscribeRequests, new IncomingDeliveryReader(PooledPayloadAllocator.Instance));

    /// <summary>Reads batches of one partition, for servers.</summary>
    public static ServerMethod<FetchRequest, OutgoingFetch> ServeFetch { get; } =
        new(Fetch.Path, FetchRequests, new OutgoingFetchWriter());

    /// <summary>Follows partitions of one topic, for servers.</summary>
    public static ServerMethod<SubscribeRequest, OutgoingDelivery> ServeSubscribe { get; } =
        new(Subscribe.Path, SubscribeRequests, new OutgoingDeliveryWriter());
}
