using StreamHouse.Cli.Shell;
using StreamHouse.Client;

namespace StreamHouse.Tests.Cli;

/// <summary>What needs no server: help, usage errors, exit codes.</summary>
public sealed class CommandLineTests
{
    public static TheoryData<string> Commands =>
    [
        "", "topic", "topic create", "topic list", "topic describe", "topic alter", "topic delete", "produce", "consume", "offsets", "segment",
        "segment list", "segment dump", "wal", "wal dump", "wal verify", "status", "bench", "bench produce", "bench consume",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_is_there_for_every_command(string command)
    {
        (int exitCode, string output, string error) = await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        exitCode.ShouldBe(ExitCode.Success);
        output.ShouldContain("Usage:");
        error.ShouldBeEmpty();
        if (command.Length == 0)
        {
            output.ShouldContain("Exit codes:");
            output.ShouldContain("STREAMHOUSE_ADDR");
        }
        else if (command is not ("topic" or "segment" or "wal" or "bench"))
        {
            output.ShouldContain($"Examples:{Environment.NewLine}  streamctl {command}");
        }
    }

    [Theory]
    [InlineData("nonsense", "nonsense")]
    [InlineData("topic", "Required command")]
    [InlineData("topic create", "TOPIC")]
    [InlineData("topic create t --config x", "NAME=VALUE")]
    [InlineData("topic create t --durability always", "local, object or quorum")]
    [InlineData("topic alter t", "Nothing to change")]
    [InlineData("topic list --output raw", "plain or json")]
    [InlineData("topic list --addr ftp://x", "not an address")]
    [InlineData("topic list --timeout soon", "not a duration")]
    [InlineData("produce t x --key a --key-separator :", "pass one of them")]
    [InlineData("produce t x --file y", "not both")]
    [InlineData("produce t x --header novalue", "NAME=VALUE")]
    [InlineData("produce t x --acks some", "all, leader or none")]
    [InlineData("produce t x --compression brotli", "zstd")]
    [InlineData("consume t --from-end --offset 3", "Pass one of")]
    [InlineData("consume t --offset -1", "0 or above")]
    [InlineData("consume t --limit 0", "1 or above")]
    [InlineData("consume t --since yesterday", "neither a duration")]
    [InlineData("consume t --key-separator :", "--output raw")]
    [InlineData("offsets", "Name a topic")]
    [InlineData("offsets t --group g --time 1h", "not with --group")]
    [InlineData("bench produce t --count 0", "1 or above")]
    public async Task Wrong_usage_is_explained(string line, string expected)
    {
        (int exitCode, string output, string error) = await RunAsync(line.Split(' '));

        exitCode.ShouldBe(ExitCode.Usage, error);
        error.ShouldContain(expected);
        error.ShouldContain("--help'");
        output.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(StreamHouseErrorCode.UnknownTopic, ExitCode.NotFound)]
    [InlineData(StreamHouseErrorCode.OffsetOutOfRange, ExitCode.NotFound)]
    [InlineData(StreamHouseErrorCode.Unavailable, ExitCode.Unreachable)]
    [InlineData(StreamHouseErrorCode.DataDamaged, ExitCode.Damaged)]
    [InlineData(StreamHouseErrorCode.TopicAlreadyExists, ExitCode.AlreadyExists)]
    [InlineData(StreamHouseErrorCode.InvalidConfig, ExitCode.Usage)]
    [InlineData(StreamHouseErrorCode.NoSpace, ExitCode.Failure)]
    public void Errors_have_their_exit_codes(StreamHouseErrorCode error, int expected) => FailureReport.CodeOf(error).ShouldBe(expected);

    [Fact]
    public void Every_error_but_success_has_an_exit_code_that_says_failure()
    {
        foreach (StreamHouseErrorCode code in Enum.GetValues<StreamHouseErrorCode>().Where(c => c != StreamHouseErrorCode.None))
        {
            FailureReport.CodeOf(code).ShouldNotBe(ExitCode.Success, code.ToString());
        }
    }

    [Fact]
    public async Task Output_that_nobody_reads_ends_quietly()
    {
        using StringWriter error = new();
        int exitCode = await Streamctl.RunAsync(
            ["--help"], new Terminal { Input = Stream.Null, Output = new GuardedOutput(new ClosedPipe()), Error = error }, CancellationToken.None);

        exitCode.ShouldBe(ExitCode.Success);
        error.ToString().ShouldBeEmpty();
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] args)
    {
        using MemoryStream output = new();
        using StringWriter error = new();
        int exitCode = await Streamctl.RunAsync(args, new Terminal { Input = Stream.Null, Output = output, Error = error }, CancellationToken.None);
        return (exitCode, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>A pipe whose reader has gone.</summary>
    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe", 32);
    }
}
