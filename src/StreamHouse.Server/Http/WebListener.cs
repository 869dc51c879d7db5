using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Http;

/// <summary>The HTTP port: HTTP/1.1, and HTTP/2 with prior knowledge, on a web application without configuration of its own.</summary>
internal sealed class WebListener : IAsyncDisposable
{
    private readonly IPEndPoint _requested;
    private readonly WebApplication _app;

    /// <param name="options">Address and limits.</param>
    /// <param name="logs">Where the application logs.</param>
    /// <param name="register">Registers the services of the API.</param>
    /// <param name="map">Maps the routes of the API.</param>
    public WebListener(ServerOptions options, ILoggerFactory logs, Action<IServiceCollection> register, Action<WebApplication> map)
    {
        _requested = new IPEndPoint(options.BindAddress, options.HttpPort);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "streamhouse" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            KestrelLimits.Apply(kestrel, options);
            kestrel.Listen(_requested);
        });
        builder.Services.AddRoutingCore();
        // The process has one log and one way to stop; the web application brings neither.
        builder.Services.Replace(ServiceDescriptor.Singleton(logs));
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoLifetime>());
        register(builder.Services);
        _app = builder.Build();
        map(_app);
    }

    /// <summary>Binds the port and begins to accept.</summary>
    /// <returns>The address in use.</returns>
    /// <exception cref="StartupException">The address cannot be bound.</exception>
    public async Task<IPEndPoint> StartAsync(CancellationToken ct)
    {
        try
        {
            await _app.StartAsync(ct);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw BindFailures.Explain("HTTP", "--http-port", _requested, e);
        }
        string address = _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new IPEndPoint(_requested.Address, BindingAddress.Parse(address).Port);
    }

    /// <summary>Accepts nothing new and waits for requests in progress until <paramref name="ct"/> ends.</summary>
    public Task StopAsync(CancellationToken ct) => _app.StopAsync(ct);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
