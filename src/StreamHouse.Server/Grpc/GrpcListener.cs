using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Grpc;

/// <summary>
/// The gRPC port: HTTP/2 in clear text with prior knowledge, on a Kestrel without a host around it, so that a request costs no more than
/// its own stream.
/// </summary>
internal sealed class GrpcListener : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly IPEndPoint _requested;
    private readonly RequestDelegate _dispatch;

    /// <param name="options">Address and limits.</param>
    /// <param name="dispatch">Handles every request.</param>
    /// <param name="logs">Where Kestrel logs.</param>
    public GrpcListener(ServerOptions options, RequestDelegate dispatch, ILoggerFactory logs)
    {
        _requested = new IPEndPoint(options.BindAddress, options.GrpcPort);
        _dispatch = dispatch;
        KestrelServerOptions kestrel = new();
        KestrelLimits.Apply(kestrel, options);
        // A message has its own limit; a stream of them has none, and may be idle for as long as it likes.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 16 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 4 << 20;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        kestrel.Listen(_requested, listen => listen.Protocols = HttpProtocols.Http2);
        _server = new KestrelServer(
            Options.Create(kestrel), new SocketTransportFactory(Options.Create(new SocketTransportOptions { NoDelay = true }), logs), logs);
    }

    /// <summary>Binds the port and begins to accept.</summary>
    /// <returns>The address in use.</returns>
    /// <exception cref="StartupException">The address cannot be bound.</exception>
    public async Task<IPEndPoint> StartAsync(CancellationToken ct)
    {
        try
        {
            await _server.StartAsync(new Application(_dispatch), ct);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw KestrelLimits.BindFailed("gRPC", "--grpc-port", _requested, e);
        }
        string address = _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new IPEndPoint(_requested.Address, BindingAddress.Parse(address).Port);
    }

    /// <summary>Accepts nothing new and waits for requests in progress until <paramref name="ct"/> ends.</summary>
    public Task StopAsync(CancellationToken ct) => _server.StopAsync(ct);

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class Application(RequestDelegate dispatch) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures)
        {
            // Kestrel keeps its per-stream object between requests; the context hung on it is used again with it.
            if (contextFeatures is IHostContextContainer<HttpContext> { HostContext: DefaultHttpContext reused })
            {
                reused.Initialize(contextFeatures);
                return reused;
            }
            DefaultHttpContext context = new(contextFeatures);
            if (contextFeatures is IHostContextContainer<HttpContext> container)
            {
                container.HostContext = context;
            }
            return context;
        }

        public Task ProcessRequestAsync(HttpContext context) => dispatch(context);

        public void DisposeContext(HttpContext context, Exception? exception) => ((DefaultHttpContext)context).Uninitialize();
    }
}
