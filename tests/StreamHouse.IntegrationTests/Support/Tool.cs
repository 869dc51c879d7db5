using System.Diagnostics;

namespace StreamHouse.IntegrationTests.Support;

/// <summary>What a program said, and how it ended.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error);

/// <summary>Other people's programs, run to their end.</summary>
internal static class Tool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="folder">Where it runs; null for the folder of temporary files.</param>
    /// <exception cref="TimeoutException">It did not end within two minutes, and was killed.</exception>
    public static async Task<ToolRun> RunAsync(string program, IEnumerable<string> arguments, string input, string? folder = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: its exit code tells.
        }
        using CancellationTokenSource limit = new(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end:\n{await output}\n{await error}");
        }
        return new ToolRun(process.ExitCode, await output, await error);
    }
}
