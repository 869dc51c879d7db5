using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
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
    private readonly RpcMiddleware _rpc;
    private readonly ListenerLifetime _lifetime = new();

    /// <param name="options">Address and limits.</param>
    /// <param name="rpc">Limits of the runtime.</param>
    /// <param name="routes">The methods served.</param>
    /// <param name="logs">Where Kestrel and the runtime log.</param>
    public GrpcListener(ServerOptions options, RpcServerOptions rpc, RpcRoutes routes, ILoggerFactory logs)
    {
        _requested = new IPEndPoint(options.BindAddress, options.GrpcPort);
        _rpc = new RpcMiddleware(
            RefuseOthers, routes.Freeze(), BrokerErrors.Map, rpc, TimeProvider.System, _lifetime, logs.CreateLogger<RpcMiddleware>());
        KestrelServerOptions kestrel = new();
        KestrelLimits.Apply(kestrel, options);
        kestrel.ApplyRpcLimits(rpc);
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
            await _server.StartAsync(new Application(_rpc), ct);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw BindFailures.Explain("gRPC", "--grpc-port", _requested, e);
        }
        string address = _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new IPEndPoint(_requested.Address, BindingAddress.Parse(address).Port);
    }

    /// <summary>Accepts nothing new, has streams end after their last answer, and waits for calls in progress until <paramref name="ct"/> ends.</summary>
    public Task StopAsync(CancellationToken ct)
    {
        _lifetime.StopApplication();
        return _server.StopAsync(ct);
    }

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _lifetime.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Task RefuseOthers(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        return Task.CompletedTask;
    }

    private sealed class Application(RpcMiddleware rpc) : IHttpApplication<HttpContext>
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

        public Task ProcessRequestAsync(HttpContext context) => rpc.InvokeAsync(context);

        public void DisposeContext(HttpContext context, Exception? exception) => ((DefaultHttpContext)context).Uninitialize();
    }
}
