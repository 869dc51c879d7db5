using System.Diagnostics;
using StreamHouse.IntegrationTests.Server;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Tests.Support;

namespace StreamHouse.IntegrationTests.Rpc;

/// <summary>gRPC clients of others understand this server: Debian's Python client, and Node's.</summary>
public sealed class InteropTests
{
    private const string PythonGrpc = "/usr/lib/python3/dist-packages/grpc/__init__.py";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly string Here = AppContext.BaseDirectory;
    private static readonly string Protos = Path.Combine(Here, "proto");

    [Fact]
    public async Task Pythons_client_is_served()
    {
        RequiredTools.Require("/usr/bin/python3", "/usr/bin/protoc", PythonGrpc);
        string generated = Directory.CreateTempSubdirectory("interop-").FullName;
        try
        {
            string[] files = [.. Directory.GetFiles(Protos, "*.proto", SearchOption.AllDirectories)];
            await RunAsync("/usr/bin/protoc", [$"-I{Protos}", $"--python_out={generated}", .. files], Here);
            await using InteropService service = await InteropService.StartAsync();
            string output = await RunAsync(
                "/usr/bin/python3", [Path.Combine(Here, "Rpc", "interop.py"), $"{service.Port}", generated], Here);
            Held(output).ShouldBe(16);
        }
        finally
        {
            Directory.Delete(generated, recursive: true);
        }
    }

    [Fact]
    public async Task Pythons_client_uses_a_real_server()
    {
        RequiredTools.Require("/usr/bin/python3", "/usr/bin/protoc", PythonGrpc);
        string generated = Directory.CreateTempSubdirectory("interop-").FullName;
        try
        {
            string[] files = [.. Directory.GetFiles(Protos, "*.proto", SearchOption.AllDirectories)];
            await RunAsync("/usr/bin/protoc", [$"-I{Protos}", $"--python_out={generated}", .. files], Here);
            string batch = Path.Combine(generated, "batch");
            await File.WriteAllBytesAsync(batch, GrpcCalls.BatchOf("a", "b", "c"));
            await using ServerProcess server = await ServerProcess.StartAsync();
            string output = await RunAsync(
                "/usr/bin/python3", [Path.Combine(Here, "Rpc", "server.py"), $"{server.Grpc.Port}", generated, batch], Here);
            Held(output).ShouldBe(26);
        }
        finally
        {
            Directory.Delete(generated, recursive: true);
        }
    }

    [Fact]
    public async Task Nodes_client_is_served()
    {
        RequiredTools.Require("node", "npm");
        string modules = await InstallNodeModulesAsync();
        await using InteropService service = await InteropService.StartAsync();
        string output = await RunAsync("node", [Path.Combine(Here, "Rpc", "interop.cjs"), $"{service.Port}", Protos, modules], Here);
        Held(output).ShouldBe(14);
    }

    [Fact]
    public async Task Nodes_client_uses_a_real_server()
    {
        RequiredTools.Require("node", "npm");
        string modules = await InstallNodeModulesAsync();
        string batch = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(batch, GrpcCalls.BatchOf("a", "b", "c"));
            await using ServerProcess server = await ServerProcess.StartAsync();
            string output = await RunAsync("node", [Path.Combine(Here, "Rpc", "server.cjs"), $"{server.Grpc.Port}", Protos, modules, batch], Here);
            Held(output).ShouldBe(14);
        }
        finally
        {
            File.Delete(batch);
        }
    }

    private static async Task<string> InstallNodeModulesAsync()
    {
        string modules = Path.Combine(Here, "node");
        if (!Directory.Exists(Path.Combine(modules, "node_modules", "@grpc", "proto-loader")))
        {
            Directory.CreateDirectory(modules);
            await File.WriteAllTextAsync(Path.Combine(modules, "package.json"), """{ "private": true }""");
            await RunAsync(
                "npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "@grpc/grpc-js@1.14.7", "@grpc/proto-loader@0.8.1"], modules);
        }
        return modules;
    }

    private static int Held(string output) => output.Split('\n').Count(line => line.StartsWith("held:", StringComparison.Ordinal));

    private static async Task<string> RunAsync(string program, string[] arguments, string folder)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource patience = new(Patience);
        Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        process.ExitCode.ShouldBe(0, $"{program} said:\n{await output}\n{await errors}");
        return await output;
    }
}
