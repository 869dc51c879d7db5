using Google.Protobuf;

namespace StreamHouse.Rpc.Grpc;

/// <summary>A method as its caller sees it: what is sent and what comes back.</summary>
/// <param name="Path"><c>/package.Service/Method</c>.</param>
/// <param name="RequestWriter">Encodes requests.</param>
/// <param name="ResponseReader">Decodes responses.</param>
/// <typeparam name="TRequest">What the caller sends.</typeparam>
/// <typeparam name="TResponse">What the caller receives.</typeparam>
public sealed record ClientMethod<TRequest, TResponse>(
    string Path, IMessageWriter<TRequest> RequestWriter, IMessageReader<TResponse> ResponseReader);

/// <summary>A method as its server sees it: what comes in and what is answered.</summary>
/// <param name="Path"><c>/package.Service/Method</c>.</param>
/// <param name="RequestReader">Decodes requests.</param>
/// <param name="ResponseWriter">Encodes responses.</param>
/// <typeparam name="TRequest">What the server receives.</typeparam>
/// <typeparam name="TResponse">What the server sends.</typeparam>
public sealed record ServerMethod<TRequest, TResponse>(
    string Path, IMessageReader<TRequest> RequestReader, IMessageWriter<TResponse> ResponseWriter);

/// <summary>A method whose messages are the generated ones on both sides.</summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response.</typeparam>
public sealed class RpcMethod<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    /// <param name="service">The service's full name.</param>
    /// <param name="name">The method's name.</param>
    public RpcMethod(string service, string name)
    {
        Path = $"/{service}/{name}";
        ProtobufMarshaller<TRequest> requests = new();
        ProtobufMarshaller<TResponse> responses = new();
        Client = new(Path, requests, responses);
        Server = new(Path, requests, responses);
    }

    /// <summary><c>/package.Service/Method</c>.</summary>
    public string Path { get; }

    /// <summary>For callers.</summary>
    public ClientMethod<TRequest, TResponse> Client { get; }

    /// <summary>For servers.</summary>
    public ServerMethod<TRequest, TResponse> Server { get; }
}
