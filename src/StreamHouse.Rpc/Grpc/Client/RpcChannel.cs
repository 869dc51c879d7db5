using System.Net;

namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>
/// Connections to one server over HTTP/2: cleartext with prior knowledge for <c>http</c>, TLS for <c>https</c>. Safe for concurrent use;
/// calls share connections. Failures are <see cref="RpcException"/>, cancellation by the caller is <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class RpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly TimeProvider _clock;

    /// <param name="address">Scheme, host and port.</param>
    /// <param name="clock">Measures deadlines.</param>
    /// <param name="options">Limits; null takes the defaults.</param>
    public RpcChannel(Uri address, TimeProvider clock, RpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(clock);
        Address = address;
        Options = options ?? new RpcChannelOptions();
        _clock = clock;
        _invoker = new HttpMessageInvoker(NewHandler(Options));
    }

    /// <summary>The server.</summary>
    public Uri Address { get; }

    internal RpcChannelOptions Options { get; }

    /// <summary>Sends one request and returns the one response.</summary>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        ClientMethod<TRequest, TResponse> method, TRequest request, RpcCallOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(method);
        await using ServerStreamingCall<TResponse> call = ServerStreaming(method, request, options, ct);
        if (!await call.MoveNextAsync())
        {
            throw new RpcException(GrpcStatusCode.Internal, $"The server ended {method.Path} with OK but without a response.");
        }
        TResponse response = call.Current;
        if (await call.MoveNextAsync())
        {
            (call.Current as IDisposable)?.Dispose();
            (response as IDisposable)?.Dispose();
            throw new RpcException(GrpcStatusCode.Internal, $"The server answered {method.Path} with more than one response.");
        }
        return response;
    }

    /// <summary>Sends one request; responses are read from the call.</summary>
    public ServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        ClientMethod<TRequest, TResponse> method, TRequest request, RpcCallOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(method);
        CallLifetime lifetime = new(method.Path, options, _clock, ct);
        Task<HttpResponseMessage> sent = SendAsync(method.Path, new SingleMessageContent<TRequest>(method.RequestWriter, request), options, lifetime);
        return new ServerStreamingCall<TResponse>(new ResponseReader<TResponse>(sent, method.ResponseReader, lifetime, Options));
    }

    /// <summary>Opens a call on which requests and responses flow independently.</summary>
    public DuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        ClientMethod<TRequest, TResponse> method, RpcCallOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(method);
        CallLifetime lifetime = new(method.Path, options, _clock, ct);
        RequestStreamContent content = new();
        Task<HttpResponseMessage> sent = SendAsync(method.Path, content, options, lifetime);
        content.FailWith(sent);
        return new DuplexCall<TRequest, TResponse>(
            content, method.RequestWriter, new ResponseReader<TResponse>(sent, method.ResponseReader, lifetime, Options), lifetime);
    }

    /// <summary>Closes the connections; calls in progress fail.</summary>
    public void Dispose() => _invoker.Dispose();

    private static SocketsHttpHandler NewHandler(RpcChannelOptions options)
    {
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = options.StreamWindowBytes,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAliveDelay,
            KeepAlivePingTimeout = options.KeepAliveTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (options.Tls is not null)
        {
            handler.SslOptions = options.Tls;
        }
        return handler;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent content, RpcCallOptions options, CallLifetime lifetime)
    {
        HttpRequestMessage request = new(HttpMethod.Post, new Uri(Address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.TryAddWithoutValidation("Content-Type", GrpcHeaders.ContentType);
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        if (options.Timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation(GrpcHeaders.Timeout, GrpcTimeout.Format(timeout));
        }
        foreach ((string name, string value) in options.Headers ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        try
        {
            return await _invoker.SendAsync(request, lifetime.Token);
        }
        catch (Exception e) when (CallFailure.IsTransport(e))
        {
            throw CallFailure.Translate(e, lifetime);
        }
    }
}
