using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using StreamHouse.Cli.Shell;
using StreamHouse.Cli.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Producing;

/// <summary><c>streamctl produce</c>: records from arguments, a file or standard input, one a line.</summary>
internal static class ProduceCommand
{
    public static Command Build(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> topic = TopicCommands.Name();
        Argument<string[]> records = new("RECORD") { Description = "Records to write; without any, and without --file, lines of standard input", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> file = new("--file", "-f") { Description = "Write the lines of a file", HelpName = "PATH" };
        Option<string?> key = new("--key", "-k") { Description = "The key of every record", HelpName = "TEXT" };
        Option<string?> separator = new("--key-separator") { Description = "Each line is KEY, this text, VALUE; the first occurrence counts", HelpName = "TEXT" };
        Option<string?> nullText = new("--null") { Description = "A key or value that reads so is null; a null value is a tombstone", HelpName = "TEXT" };
        Option<string[]> headers = Headers();
        Option<int?> partition = new("--partition", "-p") { Description = "The partition; without it the key decides", HelpName = "N", CustomParser = NumberText.ParseOptional<int> };
        Option<ProducerAcks> acks = ProduceOptions.Acks();
        Option<CompressionCodec> compression = ProduceOptions.Compression();
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "produce",
            "Writes records: arguments, lines of a file, or lines of standard input",
            "streamctl produce orders 'hello' 'world'",
            "streamctl produce orders --key alice --header source=web '{\"amount\": 3}'",
            "tail -F app.log | streamctl produce logs --compression zstd",
            "streamctl produce orders --file orders.txt --key-separator : --output json")
        {
            topic, records, file, key, separator, nullText, headers, partition, acks, compression, output,
        };
        command.Check(
            parse => parse.GetValue(key) is not null && parse.GetValue(separator) is not null,
            "--key gives every record one key, --key-separator each its own: pass one of them.");
        command.Check(parse => parse.GetValue(separator) is "", "--key-separator is empty.");
        command.Check(
            parse => parse.GetValue(file) is not null && parse.GetValue(records) is { Length: > 0 }, "Pass records as arguments or with --file, not both.");
        command.Check(parse => parse.GetValue(partition) < 0, "--partition is 0 or above.");
        command.SetAction(async (parse, ct) =>
        {
            RecordSplitter splitter = new(parse.GetValue(key), parse.GetValue(separator), parse.GetValue(nullText));
            string[] arguments = parse.GetValue(records)!;
            string? path = parse.GetValue(file);
            await using Stream? opened = path is null ? null : File.OpenRead(path);
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            DeliverySummary summary = new();
            await using Producer producer = client.CreateProducer(new ProducerOptions
            {
                BatchRecordsMax = 10_000,
                Acks = parse.GetValue(acks),
                Compression = parse.GetValue(compression),
                OnDelivery = summary.Add,
            });
            RecordSender sender = new(producer, splitter, parse.GetValue(topic)!, ParseHeaders(parse.GetValue(headers)!), parse.GetValue(partition));
            await using CancellationTokenRegistration told = ct.Register(
                () => terminal.Error.WriteLine("Interrupted: what was read is still delivered. Once more ends at once."));
            if (arguments.Length == 0 && path is null && terminal.IsInputInteractive)
            {
                terminal.Error.WriteLine("Type records, one a line; Ctrl-D ends.");
            }
            bool isInterrupted = arguments.Length > 0
                ? await sender.SendAsync(arguments, ct)
                : await sender.SendAsync(opened ?? terminal.Input, ct);
            summary.Write(terminal, parse.GetValue(output), parse.GetValue(topic)!);
            return isInterrupted ? ExitCode.Interrupted : ExitCode.Success;
        });
        return command;
    }

    private static Option<string[]> Headers() => new("--header", "-H")
    {
        Description = "A header of every record; may be given several times",
        HelpName = "NAME=VALUE",
        DefaultValueFactory = _ => [],
        Validators =
        {
            result =>
            {
                foreach (Token token in result.Tokens.Where(t => !t.Value.Contains('=', StringComparison.Ordinal)))
                {
                    result.AddError($"'{token.Value}' is not of the form NAME=VALUE.");
                }
            },
        },
    };

    private static RecordHeader[] ParseHeaders(string[] texts) => [.. texts.Select(text =>
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        return new RecordHeader(text[..at], Encoding.UTF8.GetBytes(text[(at + 1)..]));
    })];
}
