using System.CommandLine;
using System.CommandLine.Help;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Tests.Cli;

/// <summary>Every option of every command, given what is no value of its kind.</summary>
public sealed class UnreadableValueTests
{
    public static TheoryData<string> Commands => [.. LeavesOf(Streamctl.Build(TerminalTo(TextWriter.Null)), "").Select(leaf => leaf.Path)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Options_say_what_they_do_not_understand(string path)
    {
        RootCommand root = Streamctl.Build(TerminalTo(TextWriter.Null));
        Command command = LeavesOf(root, "").Single(leaf => leaf.Path == path).Command;
        string[] line = [.. path.Split(' '), .. command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0).Select(_ => "x")];
        List<string> tried = [];
        foreach (Option option in command.Options.Concat(root.Options.Where(option => option.Recursive)).Where(TakesMoreThanText))
        {
            if (option.ValueType == typeof(bool) && command.Arguments.Any(argument => argument.Arity.MaximumNumberOfValues > argument.Arity.MinimumNumberOfValues))
            {
                // What a switch does not take is then one more argument.
                continue;
            }
            tried.Add(option.Name);
            foreach (string text in (string[])["nonsense", "12x", "3.5.1", "-", "+", "--", "99999999999999999999999999", "\u0660\u0661"])
            {
                await FailsAsync([.. line, $"{option.Name}={text}"], option.ValueType == typeof(bool) ? text : option.Name, text);
            }
            if (option.ValueType != typeof(bool))
            {
                await FailsAsync([.. line, option.Name], option.Name);
                await FailsAsync([.. line, $"{option.Name}="], option.Name);
            }
        }
        tried.ShouldContain("--timeout");
    }

    [Fact]
    public void Walk_meets_every_kind_of_option()
    {
        RootCommand root = Streamctl.Build(TerminalTo(TextWriter.Null));
        Option[] options = [.. LeavesOf(root, "").SelectMany(leaf => leaf.Command.Options).Where(TakesMoreThanText)];

        foreach (string name in (string[])["--to-offset", "--shift-by", "--to-time", "--limit", "--partition", "--partitions", "--count", "--acks", "--output"])
        {
            options.ShouldContain(option => option.Name == name);
        }
        LeavesOf(root, "").SelectMany(leaf => leaf.Command.Arguments).ShouldAllBe(
            argument => argument.ValueType == typeof(string) || argument.ValueType == typeof(string[]), "Arguments of another type are to be walked too.");
    }

    [Fact]
    public async Task Numbers_that_are_none_are_called_so()
    {
        (await ErrorOfAsync("group reset-offsets g --to-offset abc")).ShouldContain("--to-offset is a whole number, not 'abc'.");
        (await ErrorOfAsync("consume t --partition 1 --partition b --limit c")).ShouldSatisfyAllConditions(
            error => error.ShouldContain("--partition is a whole number, not 'b'."), error => error.ShouldContain("--limit is a whole number, not 'c'."));
        (await ErrorOfAsync("produce t x --partition 4294967296")).ShouldContain("--partition: 4294967296 is beyond");
        (await ErrorOfAsync("consume t --key-separator : --output nonsense")).ShouldContain("--output is plain or json or raw");
        (await ErrorOfAsync("group reset-offsets g --to-offset -1")).ShouldContain("0 or above");
        (await ErrorOfAsync("group reset-offsets g --to-latest --shift-by 1")).ShouldContain("Pass one of");
        (await ErrorOfAsync("produce t x --partition -1")).ShouldContain("0 or above");
        (await ErrorOfAsync("consume t --partition -1")).ShouldContain("0 or above");
    }

    [Fact]
    public async Task Validator_that_stumbles_is_a_usage_error()
    {
        Option<long?> number = new("--number");
        Command command = new("stumble") { number };
        command.Validators.Add(result => result.GetValue(number));
        command.SetAction(_ => ExitCode.Success);
        using StringWriter error = new();

        int exitCode = await Streamctl.RunAsync(new RootCommand { command }, ["stumble", "--number", "abc"], TerminalTo(error), CancellationToken.None);

        exitCode.ShouldBe(ExitCode.Usage);
        error.ToString().ShouldContain("cannot be read");
        error.ToString().ShouldContain("abc");
    }

    private static async Task FailsAsync(string[] args, params string[] expected)
    {
        using StringWriter error = new();
        int exitCode = await Streamctl.RunAsync(args, TerminalTo(error), CancellationToken.None);

        string line = string.Join(' ', args);
        exitCode.ShouldBe(ExitCode.Usage, $"{line}: {error}");
        expected.ShouldContain(part => error.ToString().Contains(part, StringComparison.Ordinal), $"{line}: {error}");
        error.ToString().ShouldContain("--help'", customMessage: line);
        error.ToString().ShouldNotContain("System.", customMessage: line);
        error.ToString().ShouldNotContain("cannot be read", customMessage: line);
    }

    private static async Task<string> ErrorOfAsync(string line)
    {
        using StringWriter error = new();
        (await Streamctl.RunAsync(line.Split(' '), TerminalTo(error), CancellationToken.None)).ShouldBe(ExitCode.Usage, line);
        return error.ToString();
    }

    private static Terminal TerminalTo(TextWriter error) => new() { Input = Stream.Null, Output = new MemoryStream(), Error = error };

    // An address is a text, of which nearly every one may be the name of a machine.
    private static bool TakesMoreThanText(Option option) =>
        option is not HelpOption && option.ValueType != typeof(string) && option.ValueType != typeof(string[]);

    private static IEnumerable<(string Path, Command Command)> LeavesOf(Command command, string path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(child => LeavesOf(child, $"{path} {child.Name}".Trim()));
}
