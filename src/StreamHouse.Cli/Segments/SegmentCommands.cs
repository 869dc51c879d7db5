using System.CommandLine;
using System.Globalization;
using StreamHouse.Broker.Segments;
using StreamHouse.Cli.Shell;
using StreamHouse.Cli.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Segments;

/// <summary><c>streamctl segment</c>: what the manifest lists, and what is in a file.</summary>
internal static class SegmentCommands
{
    public static Command Build(GlobalOptions globals, Terminal terminal) => new HelpfulCommand("segment", "Lists a topic's segments, and looks into segment files")
    {
        List(globals, terminal),
        Dump(terminal),
    };

    private static HelpfulCommand List(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> topic = TopicCommands.Name();
        Option<int?> partition = new("--partition", "-p") { Description = "Only this partition", HelpName = "N", CustomParser = NumberText.ParseOptional<int> };
        Option<long> from = new("--from-offset") { Description = "Only segments that end above this offset", HelpName = "N", CustomParser = NumberText.Parse<long> };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "list", "Lists where in objects a topic's records are", "streamctl segment list orders", "streamctl segment list orders --partition 0 -o json")
        {
            topic, partition, from, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            List<SegmentInfo> segments = [];
            await foreach (SegmentInfo segment in client.Admin.ListSegmentsAsync(parse.GetValue(topic)!, parse.GetValue(partition), parse.GetValue(from), ct))
            {
                segments.Add(segment);
            }
            WriteList(terminal, parse.GetValue(output), segments);
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Dump(Terminal terminal)
    {
        Argument<string> file = new("FILE") { Description = "A .seg file" };
        Option<bool> summary = new("--summary") { Description = "Leave out index entries, producers and batches" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "dump",
            "Shows header, slices, index, producer snapshots and batches of a local segment file, and verifies every checksum; needs no server. "
            + "Exit code 5: it is damaged",
            "streamctl segment dump 00000000000000000000-6ff1b4a0.seg",
            "streamctl segment dump some.seg --summary --output json")
        {
            file, summary, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            using SegmentFile opened = new(parse.GetValue(file)!);
            SegmentReport report = await SegmentInspector.InspectAsync(opened, opened.Location, ct);
            SegmentReportWriter.Write(terminal, parse.GetValue(output), report, !parse.GetValue(summary));
            if (report.Problems.Count > 0)
            {
                throw new CommandException(
                    ExitCode.Damaged,
                    $"{report.Key} is damaged: {report.Problems[0]}{(report.Problems.Count > 1 ? $" And {report.Problems.Count - 1} more." : "")}",
                    "Compare it with another copy of the object; the server names a damaged object when a read needs it.");
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static void WriteList(Terminal terminal, OutputFormat format, List<SegmentInfo> segments)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartArray();
                foreach (SegmentInfo segment in segments)
                {
                    json.WriteStartObject();
                    json.WriteNumber("partition", segment.Partition);
                    json.WriteNumber("baseOffset", segment.BaseOffset);
                    json.WriteNumber("endOffset", segment.EndOffset);
                    json.WriteNumber("epoch", segment.Epoch);
                    json.WriteString("objectKey", segment.ObjectKey);
                    json.WriteNumber("position", segment.Position);
                    json.WriteNumber("length", segment.Length);
                    json.WriteNumber("records", segment.Records);
                    json.WriteNumber("maxTimestampMs", segment.MaxTimestampMs);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        if (segments.Count == 0)
        {
            terminal.Error.WriteLine("Nothing is in objects yet: the records are in the server's node log until they are uploaded.");
            return;
        }
        Output.Table(
            terminal,
            [">PARTITION", ">FIRST", ">END", ">RECORDS", ">BYTES", ">POSITION", ">EPOCH", "NEWEST", "OBJECT"],
            segments.Select(s => new[]
            {
                Text(s.Partition), Text(s.BaseOffset), Text(s.EndOffset), Text(s.Records), Text(s.Length), Text(s.Position), Text(s.Epoch),
                TimeText.Format(s.MaxTimestampMs), s.ObjectKey,
            }));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
