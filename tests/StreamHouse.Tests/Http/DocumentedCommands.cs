using System.Diagnostics;
using System.Text;

namespace StreamHouse.Tests.Http;

/// <summary>The commands of docs/http-api.md, run as a person would paste them.</summary>
internal static class DocumentedCommands
{
    // A curl that tells of refusals; 28 is the end of --max-time, by which the examples leave an endless stream.
    private const string Prelude = """
        curl() {
          command curl --fail-with-body "$@"
          local code=$?
          [ $code = 0 ] || [ $code = 28 ] || echo "refused: ${*: -1} $*" >&2
        }
        """;

    /// <summary>Runs all of them against a fresh server.</summary>
    private static async Task<(string Output, string[] Complaints)> RunAsync(Uri server)
    {
        string script = Prelude + "\n" + Read().Replace("http://127.0.0.1:8080", server.ToString().TrimEnd('/'), StringComparison.Ordinal);
        using Process bash = Process.Start(new ProcessStartInfo("bash")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync();
        Task<string> complaints = bash.StandardError.ReadToEndAsync();
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        await bash.WaitForExitAsync();
        return (await output, (await complaints).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Checks what every server must have answered.</summary>
    public static async Task CheckAsync(Uri server)
    {
        (string output, string[] complaints) = await RunAsync(server);

        // The page shows one refusal on purpose.
        complaints.ShouldHaveSingleItem().ShouldContain("/v1/topics/nope");
        output.ShouldContain("\"code\": \"UnknownTopic\"");
        output.ShouldContain("data: {\"partition\":2,\"offset\":0,\"timestamp\":1767225600000");
        output.ShouldContain("streamhouse_produce_requests_total");
    }

    private static string Read()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder!, "StreamHouse.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        var commands = new StringBuilder();
        bool inside = false;
        foreach (string line in File.ReadLines(Path.Combine(folder!, "docs", "http-api.md")))
        {
            inside = line.StartsWith("```", StringComparison.Ordinal) ? line == "```sh" : inside;
            if (inside && !line.StartsWith("```", StringComparison.Ordinal))
            {
                commands.Append(line).Append('\n');
            }
        }
        return commands.ToString();
    }
}
