using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Grpc;
using StreamHouse.Server.Grpc.Health;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Http;

namespace StreamHouse.Server.Hosting;

/// <summary>One run of the server: builds everything in the order in which it depends on one another, waits for the end, takes it down.</summary>
internal sealed class ServerHost(ServerSettings settings, ILoggerFactory logs)
{
    private readonly ServerOptions _options = settings.Get<ServerOptions>();
    private readonly ILogger _log = logs.CreateLogger("StreamHouse.Server");

    /// <summary>Runs a server until a signal asks to stop or it cannot go on; logs why.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunToEndAsync(ServerSettings settings, ILoggerFactory logs)
    {
        ServerHost host = new(settings, logs);
        try
        {
            return await host.RunAsync();
        }
        catch (StartupException e)
        {
            host._log.StartFailed(e.Message);
            return e.ExitCode;
        }
        catch (Exception e)
        {
            host._log.Failed(e);
            return ExitCode.Failure;
        }
    }

    private async Task<int> RunAsync()
    {
        foreach (string warning in settings.Warnings)
        {
            _log.SuspiciousSetting(warning);
        }
        using StopSignals signals = new();
        using DataFolder folder = DataFolder.Open(_options.DataDir);
        _log.Starting(ServerIdentity.Version, Environment.ProcessId, folder.Path, folder.PathOf("objects"));
        EndpointsFile.Remove(folder);

        RpcRoutes routes = new();
        HealthService health = new();
        health.AddTo(routes);
        health.Set(HealthService.Server, HealthCheckResponse.Types.ServingStatus.Serving);
        await using GrpcListener grpc = new(_options, settings.Get<RpcServerOptions>(), routes, logs);
        await using WebListener http = new(_options, logs, static _ => { }, static _ => { });
        IPEndPoint grpcEndpoint = await grpc.StartAsync(CancellationToken.None);
        IPEndPoint httpEndpoint = await http.StartAsync(CancellationToken.None);
        EndpointsFile.Write(folder, grpcEndpoint, httpEndpoint);
        LogListening("gRPC", grpcEndpoint);
        LogListening("HTTP", httpEndpoint);
        _log.Ready((long)(DateTime.UtcNow - Process.GetCurrentProcess().StartTime.ToUniversalTime()).TotalMilliseconds);

        PosixSignal signal = await signals.First;
        long stoppedFrom = Stopwatch.GetTimestamp();
        _log.Stopping(signal.ToString(), _options.ShutdownTimeout.TotalSeconds);
        EndpointsFile.Remove(folder);
        using CancellationTokenSource drain = new(_options.ShutdownTimeout);
        await Task.WhenAll(grpc.StopAsync(drain.Token), http.StopAsync(drain.Token));
        _log.Stopped((long)Stopwatch.GetElapsedTime(stoppedFrom).TotalMilliseconds);
        return ExitCode.Success;
    }

    private void LogListening(string protocol, IPEndPoint endpoint) => _log.Listening(
        protocol,
        $"http://{endpoint}",
        IPAddress.IsLoopback(endpoint.Address) ? " (this machine only; --bind opens it to others)" : "");
}
