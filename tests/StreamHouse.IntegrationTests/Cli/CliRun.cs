using System.Text;
using System.Text.Json;
using StreamHouse.Cli.Shell;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary>One command line of streamctl, run in this process with streams of its own.</summary>
internal sealed record CliRun(int ExitCode, byte[] OutputBytes, string Error)
{
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public JsonElement Json => JsonDocument.Parse(OutputBytes).RootElement;

    /// <summary>Runs it against an address; null for none.</summary>
    public static Task<CliRun> RunAsync(Uri? address, params string[] args) => RunAsync(address, [], args, TestContext.Current.CancellationToken);

    public static async Task<CliRun> RunAsync(Uri? address, byte[] input, string[] args, CancellationToken ct)
    {
        using MemoryStream output = new();
        await using StringWriter error = new();
        int exitCode = await Streamctl.RunAsync(
            args,
            new Terminal
            {
                Input = new MemoryStream(input),
                Output = output,
                Error = error,
                Environment = name => name == "STREAMHOUSE_ADDR" ? address?.GetLeftPart(UriPartial.Authority) : null,
            },
            ct);
        return new CliRun(exitCode, output.ToArray(), error.ToString());
    }
}
