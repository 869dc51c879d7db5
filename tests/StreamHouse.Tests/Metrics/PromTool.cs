using System.Diagnostics;

namespace StreamHouse.Tests.Metrics;

/// <summary>Runs Prometheus' own checker over a metrics page.</summary>
internal static class PromTool
{
    /// <summary>What promtool complains about; empty when the page is good.</summary>
    public static async Task<string> CheckAsync(string page)
    {
        using Process process = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("promtool did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(page);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        string complaints = (await output + await error).Trim();
        return process.ExitCode == 0 ? complaints : $"exit code {process.ExitCode}: {complaints}";
    }
}
