using System.Text;
using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;

namespace StreamHouse.Tests.Cli;

public sealed class DeletionsTests
{
    private readonly List<string> _tried = [];

    [Theory]
    [InlineData(ExitCode.Success, "a", "b")]
    [InlineData(ExitCode.NotFound, "a", "GroupNotFound", "b")]
    [InlineData(ExitCode.Usage, "GroupNotFound", "InvalidGroupId")]
    [InlineData(ExitCode.Failure, "InvalidGroupId", "GroupNotEmpty", "GroupNotFound")]
    [InlineData(ExitCode.Damaged, "DataDamaged", "GroupNotEmpty", "Unavailable")]
    public async Task Exit_code_is_that_of_the_worst_failure(int expected, params string[] names)
    {
        (int exitCode, JsonElement report, _) = await RunAsync(absent: null, names);

        exitCode.ShouldBe(expected);
        _tried.ShouldBe(names);
        (report.GetProperty("deleted").GetArrayLength() + report.GetProperty("failed").GetArrayLength()).ShouldBe(names.Length);
    }

    [Fact]
    public async Task What_is_not_there_is_no_failure_when_that_will_do()
    {
        (int exitCode, JsonElement report, _) = await RunAsync(StreamHouseErrorCode.GroupNotFound, "GroupNotFound", "a");

        exitCode.ShouldBe(ExitCode.Success);
        report.GetProperty("absent")[0].GetString().ShouldBe("GroupNotFound");
        report.GetProperty("failed").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Server_that_is_gone_is_not_asked_again_and_what_was_done_is_told()
    {
        (int exitCode, JsonElement report, string error) = await RunAsync(absent: null, "a", "Unavailable", "c");

        exitCode.ShouldBe(ExitCode.Unreachable);
        _tried.ShouldBe(["a", "Unavailable"]);
        report.GetProperty("deleted")[0].GetString().ShouldBe("a");
        error.ShouldContain("group c is not deleted: not tried.");
    }

    [Fact]
    public async Task Interruption_still_tells_what_was_done()
    {
        (int exitCode, JsonElement report, string error) = await RunAsync(absent: null, "a", "interrupt", "c");

        exitCode.ShouldBe(ExitCode.Interrupted);
        _tried.ShouldBe(["a", "interrupt"]);
        report.GetProperty("deleted")[0].GetString().ShouldBe("a");
        report.GetProperty("failed").EnumerateArray().Select(failed => failed.GetProperty("group").GetString()).ShouldBe(["interrupt", "c"]);
        error.ShouldContain("group interrupt is not deleted: interrupted.");
    }

    /// <summary>Deletes names; one that is an error's fails with it.</summary>
    private async Task<(int ExitCode, JsonElement Report, string Error)> RunAsync(StreamHouseErrorCode? absent, params string[] names)
    {
        using CancellationTokenSource stop = new();
        using MemoryStream output = new();
        using StringWriter error = new();
        Deletions deletions = new("group", isDryRun: false, absent);
        await deletions.RunAsync(
            names,
            async name =>
            {
                _tried.Add(name);
                if (name == "interrupt")
                {
                    await stop.CancelAsync();
                    stop.Token.ThrowIfCancellationRequested();
                }
                if (Enum.TryParse(name, out StreamHouseErrorCode code))
                {
                    throw new StreamHouseException(code, name);
                }
            },
            stop.Token);
        int exitCode = deletions.Write(new Terminal { Input = Stream.Null, Output = output, Error = error }, OutputFormat.Json);
        return (exitCode, JsonDocument.Parse(Encoding.UTF8.GetString(output.ToArray())).RootElement, error.ToString());
    }
}
