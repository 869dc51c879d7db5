using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Services;

/// <summary>The methods of <c>streamhouse.v1.ProducerService</c>.</summary>
public static class ProducerRpc
{
    /// <summary>The service's full name.</summary>
    public const string Service = "streamhouse.v1.ProducerService";

    private const string ProduceStreamPath = $"/{Service}/ProduceStream";
    private static readonly ProduceReplyMarshaller Replies = new();

    /// <summary>Hands out a producer id.</summary>
    public static RpcMethod<InitProducerRequest, InitProducerResponse> InitProducer { get; } = new(Service, "InitProducer");

    /// <summary>Appends one batch, for callers: generated messages.</summary>
    public static ClientMethod<ProduceRequest, ProduceResponse> Produce { get; } =
        new($"/{Service}/Produce", new ProtobufMarshaller<ProduceRequest>(), new ProtobufMarshaller<ProduceResponse>());

    /// <summary>Appends batches in order, for callers.</summary>
    public static ClientMethod<OutgoingProduce, ProduceReply> ProduceStream { get; } =
        new(ProduceStreamPath, new OutgoingProduceWriter(), Replies);

    /// <summary>Appends one batch, for servers.</summary>
    /// <param name="allocator">Where requests are received.</param>
    public static ServerMethod<IncomingProduce, ProduceResponse> ServeProduce(IPayloadAllocator allocator) =>
        new(Produce.Path, IncomingProduceReader.OfUnary(allocator), new ProtobufMarshaller<ProduceResponse>());

    /// <summary>Appends batches in order, for servers.</summary>
    /// <param name="allocator">Where requests are received.</param>
    public static ServerMethod<IncomingProduce, ProduceReply> ServeProduceStream(IPayloadAllocator allocator) =>
        new(ProduceStreamPath, IncomingProduceReader.OfStream(allocator), Replies);
}
