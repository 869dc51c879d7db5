using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace StreamHouse.Cli.Shell;

/// <summary>A command whose help ends with examples, and which checks its values only once all of them have been read.</summary>
internal sealed class HelpfulCommand(string name, string description, params string[] examples) : Command(name, description)
{
    private readonly List<(Func<ParseResult, bool> IsWrong, string Message)> _checks = [];

    /// <summary>Command lines to try.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>
    /// Adds a check of values, alone or against one another. Unlike a validator, which runs while texts may still turn out to be no values, it may
    /// read whatever it likes: it is asked only about a command line without errors.
    /// </summary>
    /// <param name="isWrong">Whether something is wrong.</param>
    /// <param name="message">What is wrong then.</param>
    public void Check(Func<ParseResult, bool> isWrong, string message) => _checks.Add((isWrong, message));

    /// <summary>What the checks have to say.</summary>
    public List<string> FindMistakes(ParseResult parse) => [.. _checks.Where(check => check.IsWrong(parse)).Select(check => check.Message)];
}

/// <summary>The usual help, then the command's examples; the root's also tells exit codes and environment.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private const string RootText = """
        Examples:
          streamctl topic create orders --partitions 3
          streamctl produce orders 'hello' 'world'
          cat events.log | streamctl produce orders --key-separator :
          streamctl consume orders
          streamctl consume orders --from-end --output json
          streamctl offsets orders --group billing
          streamctl group lag billing
          streamctl bench produce orders --count 1000000 --size 100
          streamctl segment dump some.seg
          streamctl wal verify ./data

        Environment:
          STREAMHOUSE_ADDR  address of the server when --addr is not given

        Exit codes:
          0    done
          1    failed; the message says why
          2    the command line, or a name or setting in it, is wrong
          3    the topic, partition, offset, group or file does not exist
          4    the server cannot be reached, or is shutting down
          5    stored data is damaged
          6    what was to be created is there already
          130  interrupted before it was done

        Results go to standard output, messages and progress to standard error.
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = usual.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is RootCommand)
        {
            output.WriteLine(RootText);
        }
        else if (parseResult.CommandResult.Command is HelpfulCommand { Examples.Count: > 0 } command)
        {
            output.WriteLine("Examples:");
            foreach (string example in command.Examples)
            {
                output.WriteLine($"  {example}");
            }
        }
        return code;
    }
}
