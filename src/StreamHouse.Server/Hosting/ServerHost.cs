using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using StreamHouse.Broker;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Grpc;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Http;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Listeners;

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
        EndpointsFile.Remove(folder);
        _log.Starting(ServerIdentity.Version, Environment.ProcessId, folder.Path, Engine.ObjectsOf(folder, settings));
        ServerIdentity identity = new(folder.Path);

        await using Engine engine = await Engine.StartAsync(folder, settings, logs, CancellationToken.None);
        Task<int> failed = ExitWhenFailedAsync(engine.Broker);
        GrpcServices services = new(engine.Broker, engine.Metrics, TimeProvider.System, identity, settings);
        await using GrpcListener grpc = new(_options, settings.Get<RpcServerOptions>(), services.Routes, logs);
        await using KafkaListener kafka = KafkaFrontEnd.Create(engine.Broker, engine.Metrics, TimeProvider.System, settings, logs);
        await using WebListener http = new(_options, logs, api => Register(api, engine), static app => app.MapHttpApi());
        IPEndPoint grpcEndpoint = await grpc.StartAsync(CancellationToken.None);
        IPEndPoint httpEndpoint = await http.StartAsync(CancellationToken.None);
        IReadOnlyList<(string Name, IPEndPoint Endpoint)> kafkaEndpoints = kafka.Start();
        Announce(folder, identity, grpcEndpoint, httpEndpoint, kafkaEndpoints);

        await Task.WhenAny(signals.First, failed);
        if (!signals.First.IsCompleted)
        {
            return await failed;
        }
        EndpointsFile.Remove(folder);
        services.SetServing(false);
        return await DrainAsync(await signals.First, grpc, http, kafka, engine);
    }

    private void Register(IServiceCollection services, Engine engine)
    {
        services.AddSingleton<IBroker>(engine.Broker);
        services.AddSingleton(engine.Metrics);
        services.AddSingleton(engine.Collector);
        services.AddHttpApi(settings.Get<HttpApiOptions>());
    }

    private void Announce(
        DataFolder folder, ServerIdentity identity, IPEndPoint grpc, IPEndPoint http, IReadOnlyList<(string Name, IPEndPoint Endpoint)> kafka)
    {
        identity.Listeners =
        [
            ("grpc", EndpointsFile.Url(grpc)), ("http", EndpointsFile.Url(http)), .. kafka.Select(k => ($"kafka-{k.Name}", EndpointsFile.HostAndPort(k.Endpoint))),
        ];
        EndpointsFile.Write(folder, grpc, http, kafka);
        LogListening("gRPC", grpc, "http://");
        LogListening("HTTP", http, "http://");
        foreach ((string name, IPEndPoint endpoint) in kafka)
        {
            LogListening($"Kafka ({name})", endpoint, "");
        }
        using var self = Process.GetCurrentProcess();
        _log.Ready((long)(DateTime.UtcNow - self.StartTime.ToUniversalTime()).TotalMilliseconds);
    }

    private void LogListening(string protocol, IPEndPoint endpoint, string scheme) => _log.Listening(
        protocol,
        $"{scheme}{endpoint}",
        IPAddress.IsLoopback(endpoint.Address) ? " (this machine only; --bind opens it to others)" : "");

    /// <summary>Front ends first, so that what they have in progress is answered; then the engine, which keeps what was acknowledged.</summary>
    private async Task<int> DrainAsync(PosixSignal signal, GrpcListener grpc, WebListener http, KafkaListener kafka, Engine engine)
    {
        long began = Stopwatch.GetTimestamp();
        double seconds = _options.ShutdownTimeout.TotalSeconds;
        _log.Stopping(signal.ToString(), seconds);
        using CancellationTokenSource limit = new(_options.ShutdownTimeout * 0.9);
        // Calls that do not end are cut off while there is still time for the engine.
        using CancellationTokenSource listeners = new(_options.ShutdownTimeout * 0.6);
        Task drain = StopAllAsync();
        if (await Task.WhenAny(drain, Task.Delay(_options.ShutdownTimeout * 0.95)) != drain)
        {
            _log.DrainTimedOut(seconds);
            ExitAtOnce(ExitCode.DrainTimedOut);
        }
        try
        {
            await drain;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            _log.DrainTimedOut(seconds);
            ExitAtOnce(ExitCode.DrainTimedOut);
        }
        _log.Stopped((long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        return ExitCode.Success;

        async Task StopAllAsync()
        {
            await Task.WhenAll(grpc.StopAsync(listeners.Token), http.StopAsync(listeners.Token), kafka.StopAsync(listeners.Token));
            await engine.StopAsync(limit.Token);
        }
    }

    /// <summary>Failed storage ends the process at once: no drain may let anything out that looks like an acknowledgement.</summary>
    private async Task<int> ExitWhenFailedAsync(LocalBroker broker)
    {
        Exception cause = await broker.Failed;
        _log.StorageFailed(cause);
        ExitAtOnce(ExitCode.StorageFailed);
        return ExitCode.StorageFailed;
    }

    private void ExitAtOnce(int exitCode)
    {
        // Writes what is still queued.
        logs.Dispose();
        Environment.Exit(exitCode);
    }
}
