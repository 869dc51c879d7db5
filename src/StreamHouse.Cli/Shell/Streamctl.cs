using System.CommandLine;
using System.CommandLine.Help;
using StreamHouse.Cli.Bench;
using StreamHouse.Cli.Consuming;
using StreamHouse.Cli.Groups;
using StreamHouse.Cli.NodeLogs;
using StreamHouse.Cli.Offsets;
using StreamHouse.Cli.Producing;
using StreamHouse.Cli.Segments;
using StreamHouse.Cli.Status;
using StreamHouse.Cli.Topics;

namespace StreamHouse.Cli.Shell;

/// <summary>The command line as a whole.</summary>
internal static class Streamctl
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="terminal">The outside world.</param>
    /// <param name="ct">Cancelled by a signal.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken ct) => RunAsync(Build(terminal), args, terminal, ct);

    /// <summary>Runs a command line of the given commands.</summary>
    internal static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> args, Terminal terminal, CancellationToken ct)
    {
        try
        {
            ParseResult parse = Parse(root, args);
            List<string> mistakes = FindMistakes(parse);
            if (mistakes.Count > 0)
            {
                mistakes.ForEach(mistake => terminal.Error.WriteLine($"streamctl: {mistake}"));
                terminal.Error.WriteLine($"  See '{PathOf(parse.CommandResult.Command)} --help'.");
                return ExitCode.Usage;
            }
            using StreamWriter output = terminal.OpenText();
            return await parse.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output,
                    Error = terminal.Error,
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                },
                ct);
        }
        catch (OutputClosedException)
        {
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (FailureReport.Of(e) is { } report)
        {
            terminal.Error.WriteLine($"streamctl: {report.Message}");
            if (report.Hint is { } hint)
            {
                terminal.Error.WriteLine($"  {hint}");
            }
            return report.ExitCode;
        }
    }

    /// <exception cref="CommandException">A validator could not cope with the arguments.</exception>
    private static ParseResult Parse(RootCommand root, IReadOnlyList<string> args)
    {
        try
        {
            // An argument that begins with @ is a record, not a file of arguments.
            return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever a validator stumbles over, the arguments made it: nothing else has happened yet.
            throw new CommandException(ExitCode.Usage, $"The command line cannot be read: {e.Message}", "See 'streamctl --help'.");
        }
    }

    private static List<string> FindMistakes(ParseResult parse) =>
        parse.Action is HelpWithExamples ? []
        : parse.Errors.Count > 0 ? [.. parse.Errors.Select(error => error.Message).Distinct()]
        : parse.CommandResult.Command is HelpfulCommand command ? command.FindMistakes(parse)
        : [];

    /// <summary>All commands.</summary>
    internal static RootCommand Build(Terminal terminal)
    {
        GlobalOptions globals = new(terminal);
        RootCommand root = new("Works with StreamHouse: topics, records, offsets, groups, segments, and how fast it all is.")
        {
            TopicCommands.Build(globals, terminal),
            ProduceCommand.Build(globals, terminal),
            ConsumeCommand.Build(globals, terminal),
            OffsetsCommand.Build(globals, terminal),
            GroupCommands.Build(globals, terminal),
            SegmentCommands.Build(globals, terminal),
            WalCommands.Build(terminal),
            StatusCommand.Build(globals, terminal),
            BenchCommands.Build(globals, terminal),
        };
        root.Add(globals.Address);
        root.Add(globals.Timeout);
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
            {
                help.Action = new HelpWithExamples(usual);
            }
        }
        return root;
    }

    private static string PathOf(Command command)
    {
        string path = command is RootCommand ? "streamctl" : command.Name;
        for (Symbol? parent = command.Parents.FirstOrDefault(); parent is not null; parent = parent.Parents.FirstOrDefault())
        {
            path = $"{(parent is RootCommand ? "streamctl" : parent.Name)} {path}";
        }
        return path;
    }
}
