using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Health.V1;
using StreamHouse.Rpc.Services;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>The real process: how it starts, refuses to start, and stops.</summary>
public sealed partial class ServerLifetimeTests
{
    [Fact]
    public async Task Start_on_an_empty_folder_is_ready_and_serves_health()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();

        using RpcChannel channel = new(server.Grpc, TimeProvider.System);
        HealthCheckResponse health = await channel.UnaryAsync(HealthRpc.Check.Client, new HealthCheckRequest(), default, TestContext.Current.CancellationToken);

        health.Status.ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        server.Log.ShouldContain($"gRPC listens on {server.Grpc.GetLeftPart(UriPartial.Authority)} (this machine only");
        ReadyLine().IsMatch(server.Log).ShouldBeTrue(server.Log);
    }

    [Fact]
    public async Task Endpoints_file_names_the_ports_and_goes_when_the_server_stops()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        string path = Path.Combine(folder, "endpoints.json");
        try
        {
            await using ServerProcess server = await ServerProcess.StartAsync(folder);
            using (var endpoints = JsonDocument.Parse(await File.ReadAllTextAsync(path)))
            {
                endpoints.RootElement.GetProperty("pid").GetInt32().ShouldBe(server.Id);
            }
            using (TcpClient client = new())
            {
                await client.ConnectAsync(IPAddress.Loopback, server.Http.Port);
            }

            (await server.StopAsync()).ShouldBe(ExitCode.Success, server.Log);

            File.Exists(path).ShouldBeFalse();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("--grpc-port", "gRPC")]
    [InlineData("--http-port", "HTTP")]
    [InlineData("--kafka-port", "Kafka")]
    public async Task Port_in_use_is_refused_with_its_flag(string flag, string protocol)
    {
        using TcpListener occupant = new(IPAddress.Loopback, 0);
        occupant.Start();
        int port = ((IPEndPoint)occupant.LocalEndpoint).Port;
        string[] others = [.. new[] { "--grpc-port", "--http-port", "--kafka-port" }.Where(f => f != flag).SelectMany(f => new[] { f, "0" })];

        await using ServerProcess server = ServerProcess.Launch(null, [flag, $"{port}", .. others]);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.AddressUnusable, server.Log);
        server.Log.ShouldContain($"The {protocol} address 127.0.0.1:{port} is in use by another process: choose another with {flag}");
        File.Exists(Path.Combine(server.DataFolder, "endpoints.json")).ShouldBeFalse();
    }

    [Fact]
    public async Task Data_folder_in_use_is_refused_with_the_holders_pid()
    {
        await using ServerProcess first = await ServerProcess.StartAsync();

        await using ServerProcess second = ServerProcess.Launch(first.DataFolder, ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"]);

        (await second.WaitForExitAsync()).ShouldBe(ExitCode.DataFolderInUse, second.Log);
        second.Log.ShouldContain($"(pid {first.Id})");
        File.Exists(Path.Combine(first.DataFolder, "endpoints.json")).ShouldBeTrue();
    }

    [Fact]
    public async Task Killed_server_does_not_keep_its_folder_locked()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            await using (ServerProcess first = await ServerProcess.StartAsync(folder))
            {
                await first.KillAsync();
            }

            await using ServerProcess second = await ServerProcess.StartAsync(folder);

            (await second.StopAsync()).ShouldBe(ExitCode.Success, second.Log);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Data_folder_that_is_a_file_is_refused()
    {
        string file = Path.GetTempFileName();
        try
        {
            await using ServerProcess server = ServerProcess.Launch(file, ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"]);

            (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataFolderUnusable, server.Log);
            server.Log.ShouldContain(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Data_folder_on_a_file_system_that_refuses_writes_is_refused()
    {
        // Root may write to read-only folders, but nobody may create files here.
        await using ServerProcess server = ServerProcess.Launch("/proc/self/fdinfo", ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"]);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.DataFolderUnusable, server.Log);
        server.Log.ShouldContain("--data-dir");
    }

    [Fact]
    public async Task Every_wrong_setting_is_reported_at_once_with_its_key()
    {
        await using ServerProcess server = ServerProcess.Launch(
            null,
            ["--grpc-port", "70000", "--set", "NoSuchKey=1"],
            new Dictionary<string, string> { ["STREAMHOUSE_HTTP_PORT"] = "eighty", ["STREAMHOUSE_BIND"] = "nowhere" });

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.InvalidConfiguration, server.Log);
        server.Log.ShouldContain("GrpcPort: 70000 is out of range, 0 to 65535 is allowed (--grpc-port)");
        server.Log.ShouldContain("NoSuchKey: there is no such setting (--set)");
        server.Log.ShouldContain("Bind: 'nowhere' is not an IP address");
        server.Log.ShouldContain("HttpPort: 'eighty' is not a whole number. (environment variable STREAMHOUSE_HTTP_PORT)");
    }

    [Fact]
    public async Task Sigterm_with_open_streams_stops_well_within_ten_seconds()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using RpcChannel channel = new(server.Grpc, TimeProvider.System);
        await using var watch = channel.ServerStreaming(HealthRpc.Watch.Client, new HealthCheckRequest(), default, TestContext.Current.CancellationToken);
        (await watch.MoveNextAsync()).ShouldBeTrue();
        long began = Stopwatch.GetTimestamp();

        int exit = await server.StopAsync();

        exit.ShouldBe(ExitCode.Success, server.Log);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [GeneratedRegex(@"ready in \d+ ms")]
    private static partial Regex ReadyLine();
}
