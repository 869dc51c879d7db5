using System.CommandLine;
using System.Globalization;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Offsets;

/// <summary><c>streamctl offsets</c>: where partitions begin and end, and where groups are in them.</summary>
internal static class OffsetsCommand
{
    public static Command Build(GlobalOptions globals, Terminal terminal)
    {
        Argument<string?> topic = new("TOPIC") { Description = "The topic; with --group, all that the group has committed if not given", Arity = ArgumentArity.ZeroOrOne };
        Option<DateTimeOffset?> time = new("--time", "--since")
        {
            Description = "Also the first offset at or after this time: a duration ago (10m), a time (2026-01-31T12:00:00Z), or ms since 1970",
            HelpName = "TIME",
            CustomParser = TimeText.ParseMoment(terminal.Clock),
        };
        Option<string?> group = new("--group", "-g")
        {
            Description = "The committed offsets of a consumer group, and how far behind they are; 'streamctl group lag' counts partitions without one too",
            HelpName = "GROUP",
        };
        Option<bool> linearizable = new("--linearizable")
        {
            Description = "Offsets that include everything acknowledged before this command, also while a partition changes its leader; asks the metadata store",
        };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "offsets",
            "Shows the first and next offsets of partitions, offsets by time, and offsets of consumer groups",
            "streamctl offsets orders",
            "streamctl offsets orders --time 1h",
            "streamctl offsets orders --linearizable",
            "streamctl offsets --group billing --output json")
        {
            topic, time, group, linearizable, output,
        };
        command.Check(parse => parse.GetValue(topic) is null && parse.GetValue(group) is null, "Name a topic, or pass --group.");
        command.Check(parse => parse.GetValue(time) is not null && parse.GetValue(group) is not null, "--time goes with a topic, not with --group.");
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            OutputFormat format = parse.GetValue(output);
            ReadConsistency consistency = parse.GetValue(linearizable) ? ReadConsistency.Linearizable : ReadConsistency.Strong;
            if (parse.GetValue(group) is { } groupName)
            {
                WriteGroup(terminal, format, await GroupAsync(client.Admin, groupName, parse.GetValue(topic), consistency, ct));
            }
            else
            {
                DateTimeOffset? moment = parse.GetValue(time);
                string name = parse.GetValue(topic)!;
                WriteTopic(terminal, format, name, await TopicAsync(client.Admin, name, moment, consistency, ct), moment is not null);
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<List<PartitionOffsets>> TopicAsync(
        Admin admin, string topic, DateTimeOffset? time, ReadConsistency consistency, CancellationToken ct)
    {
        Dictionary<int, long> first = await ListAsync(admin, topic, OffsetSpec.Earliest, consistency, ct);
        Dictionary<int, long> next = await ListAsync(admin, topic, OffsetSpec.Latest, consistency, ct);
        Dictionary<int, long> at = time is { } moment ? await ListAsync(admin, topic, OffsetSpec.At(moment), consistency, ct) : [];
        return [.. next.OrderBy(p => p.Key).Select(p => new PartitionOffsets(p.Key, first.GetValueOrDefault(p.Key), p.Value, at.GetValueOrDefault(p.Key, -1)))];
    }

    private static async Task<List<(GroupOffset Committed, long Next)>> GroupAsync(
        Admin admin, string group, string? topic, ReadConsistency consistency, CancellationToken ct)
    {
        IReadOnlyList<GroupOffset> committed = await admin.FetchGroupOffsetsAsync(group, topic, ct);
        if (committed.Count == 0)
        {
            throw new CommandException(
                ExitCode.NotFound, $"Group {group} has no committed offsets{(topic is null ? "" : $" in {topic}")}.", await KnownGroupsAsync(admin, ct));
        }
        List<(GroupOffset, long)> rows = [];
        foreach (IGrouping<string, GroupOffset> ofTopic in committed.GroupBy(c => c.Topic).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Dictionary<int, long> next = await ListAsync(admin, ofTopic.Key, OffsetSpec.Latest, consistency, ct);
            rows.AddRange(ofTopic.OrderBy(c => c.Partition).Select(c => (c, next.GetValueOrDefault(c.Partition, -1))));
        }
        return rows;
    }

    private static async Task<string> KnownGroupsAsync(Admin admin, CancellationToken ct)
    {
        IReadOnlyList<string> groups = await admin.ListGroupsAsync(ct);
        return groups.Count == 0 ? "No group has committed anything yet." : $"Groups that have: {string.Join(", ", groups.Take(20))}.";
    }

    private static async Task<Dictionary<int, long>> ListAsync(
        Admin admin, string topic, OffsetSpec spec, ReadConsistency consistency, CancellationToken ct) =>
        (await admin.ListOffsetsAsync(topic, spec with { Consistency = consistency }, ct: ct)).ToDictionary(o => o.Partition, o => o.Offset);

    private static void WriteTopic(Terminal terminal, OutputFormat format, string topic, List<PartitionOffsets> rows, bool hasTime)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartArray();
                foreach (PartitionOffsets row in rows)
                {
                    json.WriteStartObject();
                    json.WriteString("topic", topic);
                    json.WriteNumber("partition", row.Partition);
                    json.WriteNumber("earliest", row.First);
                    json.WriteNumber("latest", row.Next);
                    if (hasTime)
                    {
                        json.WriteNumber("atTime", row.AtTime);
                    }
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        string[] columns = [">PARTITION", ">EARLIEST", ">LATEST", ">OFFSETS", .. hasTime ? new[] { ">AT TIME" } : []];
        Output.Table(terminal, columns, rows.Select(row => (string[])
        [
            Text(row.Partition), Text(row.First), Text(row.Next), Text(row.Next - row.First), .. hasTime ? new[] { row.AtTime < 0 ? "none" : Text(row.AtTime) } : [],
        ]));
    }

    private static void WriteGroup(Terminal terminal, OutputFormat format, List<(GroupOffset Committed, long Next)> rows)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartArray();
                foreach ((GroupOffset committed, long next) in rows)
                {
                    json.WriteStartObject();
                    json.WriteString("topic", committed.Topic);
                    json.WriteNumber("partition", committed.Partition);
                    json.WriteNumber("committed", committed.Offset);
                    json.WriteNumber("latest", next);
                    json.WriteNumber("lag", Math.Max(0, next - committed.Offset));
                    json.WriteString("metadata", committed.Metadata);
                    json.WriteString("committedAt", TimeText.Format(committed.CommittedMs));
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            });
            return;
        }
        Output.Table(terminal, ["TOPIC", ">PARTITION", ">COMMITTED", ">LATEST", ">LAG", "COMMITTED AT"], rows.Select(row => new[]
        {
            row.Committed.Topic, Text(row.Committed.Partition), Text(row.Committed.Offset), Text(row.Next),
            Text(Math.Max(0, row.Next - row.Committed.Offset)), TimeText.Format(row.Committed.CommittedMs),
        }));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private readonly record struct PartitionOffsets(int Partition, long First, long Next, long AtTime);
}
