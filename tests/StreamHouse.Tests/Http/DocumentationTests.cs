using System.Diagnostics;
using System.Text;

namespace StreamHouse.Tests.Http;

public sealed class DocumentationTests : HttpApiTest
{
    // A curl that tells of refusals; 28 is the end of --max-time, by which the examples leave an endless stream.
    private const string Prelude = """
        curl() {
          command curl --fail-with-body "$@"
          local code=$?
          [ $code = 0 ] || [ $code = 28 ] || echo "refused: ${*: -1} $*" >&2
        }
        """;

    [Fact]
    public async Task Every_command_of_the_page_works_when_pasted()
    {
        string[] tools = ["bash", "curl", "jq"];
        Assert.SkipUnless(tools.All(IsInstalled), "bash, curl and jq are needed");
        string script = Prelude + "\n" + Commands().Replace("http://127.0.0.1:8080", Server.Client.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);
        using Process bash = Process.Start(new ProcessStartInfo("bash")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync();
        Task<string> complaints = bash.StandardError.ReadToEndAsync();
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        await bash.WaitForExitAsync();

        // The page shows one refusal on purpose.
        (await complaints).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem().ShouldContain("/v1/topics/nope");
        string shown = await output;
        shown.ShouldContain("\"code\": \"UnknownTopic\"");
        shown.ShouldContain("data: {\"partition\":2,\"offset\":0,\"timestamp\":1767225600000");
        shown.ShouldContain("streamhouse_produce_requests_total");
    }

    private static string Commands()
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

    private static bool IsInstalled(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));
}
