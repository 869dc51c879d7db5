using System.Diagnostics;
using System.Runtime.InteropServices;
using StreamHouse.Cli.Shell;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary>The real streamctl process: what signals and pipes do to it.</summary>
public sealed class StreamctlProcessTests
{
    [Fact]
    public async Task Following_process_ends_with_success_on_interrupt()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await CliRun.RunAsync(server.Grpc, "topic", "create", "t");
        await CliRun.RunAsync(server.Grpc, "produce", "t", "hello");
        // A shell's background job, as this test may be part of, ignores the signal, and so would what it starts.
        using Process process = Start($"exec env --default-signal=INT '{Executable}' --addr {server.Grpc.Authority} consume t --follow --output raw");

        (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("hello");
        Kill(process.Id, 2).ShouldBe(0);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

        process.ExitCode.ShouldBe(ExitCode.Success);
        (await process.StandardError.ReadToEndAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Reader_that_goes_early_ends_it_quietly()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await CliRun.RunAsync(server.Grpc, "topic", "create", "t", "-p", "1");
        await CliRun.RunAsync(server.Grpc, "bench", "produce", "t", "--count", "50000");
        using Process process = Start($"set -o pipefail; '{Executable}' --addr {server.Grpc.Authority} consume t | head -1");

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

        process.ExitCode.ShouldBe(ExitCode.Success);
        (await process.StandardError.ReadToEndAsync()).ShouldBeEmpty();
        (await process.StandardOutput.ReadToEndAsync()).ShouldStartWith("0@0\t");
    }

    // In its own folder: beside the tests, what ASP.NET Core brings along is missing.
    private static string Executable { get; } = FindExecutable();

    private static string FindExecutable()
    {
        string framework = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string configuration = Path.GetDirectoryName(framework)!;
        string tests = Path.GetFullPath(Path.Combine(configuration, "..", "..", ".."));
        return Path.Combine(
            tests, "..", "src", "StreamHouse.Cli", "bin", Path.GetFileName(configuration), Path.GetFileName(framework), "streamctl");
    }

    private static Process Start(string script) => Process.Start(new ProcessStartInfo("bash", ["-c", script])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
}
