using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Tests.Rpc;

/// <summary>Kestrel on a free loopback port with the routes a test gives it, and a channel to it.</summary>
internal sealed class RpcTestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RpcTestServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
        Channel = new RpcChannel(address, TimeProvider.System);
    }

    public Uri Address { get; }

    public RpcChannel Channel { get; }

    public static async Task<RpcTestServer> StartAsync(
        RpcRoutes routes, RpcErrorMapper? mapper = null, RpcServerOptions? options = null,
        Action<KestrelServerOptions>? configure = null)
    {
        options ??= new RpcServerOptions();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, DeafLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            configure?.Invoke(kestrel);
            kestrel.ApplyRpcLimits(options);
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2);
        });
        WebApplication app = builder.Build();
        app.UseRpc(routes, mapper ?? (_ => null), options, TimeProvider.System);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new RpcTestServer(app, new Uri(address));
    }

    /// <summary>Stops as a server does that is told to: streams have two seconds to end.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>The usual one takes signals for its server's alone: whoever ends the tests would find them going on.</summary>
    private sealed class DeafLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
