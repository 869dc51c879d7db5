using System.CommandLine;
using StreamHouse.Cli.Shell;
using StreamHouse.Cli.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;

namespace StreamHouse.Cli.Consuming;

/// <summary><c>streamctl consume</c>: records to standard output, one a line.</summary>
internal static class ConsumeCommand
{
    public static Command Build(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> topic = TopicCommands.Name();
        Option<bool> fromBeginning = new("--from-beginning") { Description = "Start at the first record there is; the default" };
        Option<bool> fromEnd = new("--from-end") { Description = "Start after the last record there is, and follow" };
        Option<long?> offset = new("--offset") { Description = "Start at an offset, in every partition read", HelpName = "N", CustomParser = NumberText.ParseOptional<long> };
        Option<DateTimeOffset?> since = new("--since")
        {
            Description = "Start at the first record of this time: a duration ago (10m), a time (2026-01-31T12:00:00Z), or ms since 1970",
            HelpName = "TIME",
            CustomParser = TimeText.ParseMoment(terminal.Clock),
        };
        Option<string?> group = new("--group", "-g")
        {
            Description = "Read as a member of this group: share partitions with its others, go on at its committed offsets, commit what is written; follows",
            HelpName = "GROUP",
        };
        Option<bool> follow = new("--follow") { Description = "Wait for more records at the end, until Ctrl-C" };
        Option<long?> limit = new("--limit", "-n") { Description = "End after this many records", HelpName = "N", CustomParser = NumberText.ParseOptional<long> };
        Option<int[]> partitions = new("--partition", "-p")
        {
            Description = "Only this partition; may be given several times", HelpName = "N", DefaultValueFactory = _ => [], CustomParser = NumberText.ParseAll<int>,
        };
        Option<bool> linearizable = new("--linearizable")
        {
            Description = "Read everything acknowledged before this command, also while a partition changes its leader; asks the metadata store where partitions end",
        };
        Option<string?> separator = new("--key-separator") { Description = "With raw: write the key and this text before the value", HelpName = "TEXT" };
        Option<OutputFormat> output = Output.Option(
            ["plain", "json", "raw"], "plain: partition, offset, time, key, value; json: one object a line; raw: values one a line");
        HelpfulCommand command = new(
            "consume",
            "Reads records: those that are there, or with --follow also those to come",
            "streamctl consume orders",
            "streamctl consume orders --from-end --output json | jq .value",
            "streamctl consume orders --since 10m --limit 100",
            "streamctl consume orders --partition 2 --offset 4711 --limit 1",
            "streamctl consume orders --group billing",
            "streamctl consume orders --output raw > orders.txt")
        {
            topic, fromBeginning, fromEnd, offset, since, group, follow, limit, partitions, linearizable, separator, output,
        };
        command.Check(
            parse => (parse.GetValue(fromBeginning) ? 1 : 0) + (parse.GetValue(fromEnd) ? 1 : 0)
                + (parse.GetValue(offset) is null ? 0 : 1) + (parse.GetValue(since) is null ? 0 : 1) > 1,
            "Pass one of --from-beginning, --from-end, --offset and --since.");
        command.Check(parse => parse.GetValue(offset) < 0, "--offset is 0 or above.");
        command.Check(parse => parse.GetValue(limit) < 1, "--limit is 1 or above.");
        command.Check(parse => parse.GetValue(partitions)!.Any(partition => partition < 0), "--partition is 0 or above.");
        command.Check(
            parse => parse.GetValue(group) is not null
                && (parse.GetValue(offset) is not null || parse.GetValue(since) is not null || parse.GetValue(partitions)!.Length > 0),
            "With --group the group decides what is read: --offset, --since and --partition do not go with it.");
        command.Check(
            parse => parse.GetValue(separator) is not null && parse.GetValue(output) != OutputFormat.Raw,
            "--key-separator goes with --output raw: the other forms show keys anyway.");
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            ConsumeRequest request = new()
            {
                Topic = parse.GetValue(topic)!,
                Partitions = parse.GetValue(partitions)! is { Length: > 0 } only ? only : null,
                Start = parse.GetValue(fromEnd) ? ConsumerStart.Latest
                    : parse.GetValue(offset) is { } at ? ConsumerStart.At(at)
                    : parse.GetValue(since) is { } moment ? ConsumerStart.At(moment)
                    : ConsumerStart.Earliest,
                StartOffset = parse.GetValue(offset),
                StartTime = parse.GetValue(since),
                Group = parse.GetValue(group),
                Consistency = parse.GetValue(linearizable) ? ReadConsistency.Linearizable : ReadConsistency.Strong,
                Follows = parse.GetValue(follow) || parse.GetValue(fromEnd) || parse.GetValue(group) is not null,
                RecordsMax = parse.GetValue(limit) ?? long.MaxValue,
            };
            using RecordFormatter formatter = RecordFormatter.Of(parse.GetValue(output), parse.GetValue(separator));
            bool isInterrupted = await new RecordPrinter(client, request, formatter, terminal.Output).RunAsync(ct);

            // Interrupting is how following ends.
            return isInterrupted && !request.Follows ? ExitCode.Interrupted : ExitCode.Success;
        });
        return command;
    }
}
