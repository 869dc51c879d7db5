using System.Collections.Frozen;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Runs one call: reads, handles, writes. Its exceptions become the call's status.</summary>
internal delegate Task RpcEndpoint(HttpContext http, RpcContext context, RpcServerOptions options);

/// <summary>The methods a server offers, by path.</summary>
internal sealed class RpcRoutes
{
    private readonly Dictionary<string, RpcEndpoint> _endpoints = new(StringComparer.Ordinal);

    /// <summary>Adds a method with one request and one response.</summary>
    /// <exception cref="ArgumentException">The path has a handler already.</exception>
    public RpcRoutes Unary<TRequest, TResponse>(ServerMethod<TRequest, TResponse> method, UnaryHandler<TRequest, TResponse> handler) =>
        Add(method.Path, async (http, context, options) =>
        {
            TRequest request = await ReadSingleAsync(method, http, context, options);
            TResponse response = await handler(request, context);
            await http.Response.StartAsync(context.Aborted);
            new RpcResponses<TResponse>(http.Response.BodyWriter, method.ResponseWriter, context).Enqueue(response);
        });

    /// <summary>Adds a method with one request and many responses.</summary>
    /// <exception cref="ArgumentException">The path has a handler already.</exception>
    public RpcRoutes ServerStreaming<TRequest, TResponse>(
        ServerMethod<TRequest, TResponse> method, ServerStreamingHandler<TRequest, TResponse> handler) =>
        Add(method.Path, async (http, context, options) =>
        {
            TRequest request = await ReadSingleAsync(method, http, context, options);
            await http.Response.StartAsync(context.Aborted);
            await handler(request, new RpcResponses<TResponse>(http.Response.BodyWriter, method.ResponseWriter, context), context);
        });

    /// <summary>Adds a method with many requests and many responses.</summary>
    /// <exception cref="ArgumentException">The path has a handler already.</exception>
    public RpcRoutes Duplex<TRequest, TResponse>(ServerMethod<TRequest, TResponse> method, DuplexHandler<TRequest, TResponse> handler) =>
        Add(method.Path, async (http, context, options) =>
        {
            using RpcRequests<TRequest> requests = new(http.Request, method.RequestReader, options.RequestMessageBytesMax, context.Aborted);
            // The headers go out now: a client may wait for them before it sends its first request.
            await http.Response.StartAsync(context.Aborted);
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
            await handler(requests, new RpcResponses<TResponse>(http.Response.BodyWriter, method.ResponseWriter, context), context);
        });

    /// <summary>The table as it is now.</summary>
    public FrozenDictionary<string, RpcEndpoint> Freeze() => _endpoints.ToFrozenDictionary(StringComparer.Ordinal);

    private static async ValueTask<TRequest> ReadSingleAsync<TRequest, TResponse>(
        ServerMethod<TRequest, TResponse> method, HttpContext http, RpcContext context, RpcServerOptions options)
    {
        using RpcRequests<TRequest> requests = new(http.Request, method.RequestReader, options.RequestMessageBytesMax, context.Aborted);
        if (!await requests.MoveNextAsync())
        {
            throw new RpcException(GrpcStatusCode.Internal, $"{method.Path} takes one request, but none was sent.");
        }
        TRequest request = requests.Current;
        try
        {
            if (await requests.MoveNextAsync())
            {
                (requests.Current as IDisposable)?.Dispose();
                throw new RpcException(GrpcStatusCode.Internal, $"{method.Path} takes one request, but more were sent.");
            }
        }
        catch
        {
            (request as IDisposable)?.Dispose();
            throw;
        }
        return request;
    }

    private RpcRoutes Add(string path, RpcEndpoint endpoint)
    {
        _endpoints.Add(path, endpoint);
        return this;
    }
}
