using System.CommandLine;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Groups;

/// <summary><c>streamctl group reset-offsets</c>: tells what it would do, and does it only with <c>--execute</c>.</summary>
internal static class ResetOffsetsCommand
{
    public static Command Build(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = GroupCommands.Name();
        Option<string[]> topics = new("--topic", "-t")
        {
            Description = "A topic, or some of its partitions as TOPIC:0,1; may be given several times. All topics with committed offsets, each as a whole, if not given",
            HelpName = "TOPIC[:N,N]",
            DefaultValueFactory = _ => [],
        };
        Option<bool> earliest = new("--to-earliest") { Description = "To the first record there is" };
        Option<bool> latest = new("--to-latest") { Description = "After the last record there is" };
        Option<long?> offset = new("--to-offset") { Description = "To an offset, in every partition", HelpName = "N", CustomParser = NumberText.ParseOptional<long> };
        Option<DateTimeOffset?> time = new("--to-time")
        {
            Description = "To the first record at or after this time: a duration ago (10m), a time (2026-01-31T12:00:00Z), or ms since 1970",
            HelpName = "TIME",
            CustomParser = TimeText.ParseMoment(terminal.Clock),
        };
        Option<long?> shift = new("--shift-by") { Description = "By so many records, forward or (with a minus) back", HelpName = "N", CustomParser = NumberText.ParseOptional<long> };
        Option<bool> execute = new("--execute") { Description = "Do it; otherwise the plan is only shown" };
        Option<bool> dryRun = new("--dry-run") { Description = "Only show the plan; the default" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "reset-offsets",
            "Moves a group's committed offsets; without --execute it only shows the plan. The group must have no members",
            "streamctl group reset-offsets billing --to-earliest",
            "streamctl group reset-offsets billing --topic orders --to-time 2h --execute",
            "streamctl group reset-offsets billing --topic orders:0,1 --shift-by -100 --execute")
        {
            name, topics, earliest, latest, offset, time, shift, execute, dryRun, output,
        };
        command.Check(
            parse => (parse.GetValue(earliest) ? 1 : 0) + (parse.GetValue(latest) ? 1 : 0) + (parse.GetValue(offset) is null ? 0 : 1)
                + (parse.GetValue(time) is null ? 0 : 1) + (parse.GetValue(shift) is null ? 0 : 1) != 1,
            "Pass one of --to-earliest, --to-latest, --to-offset, --to-time and --shift-by.");
        command.Check(parse => parse.GetValue(offset) < 0, "--to-offset is 0 or above.");
        command.Check(parse => parse.GetValue(execute) && parse.GetValue(dryRun), "Pass --execute or --dry-run, not both.");
        command.SetAction(async (parse, ct) =>
        {
            OffsetTarget target = parse.GetValue(earliest) ? new(OffsetTargetKind.Earliest)
                : parse.GetValue(latest) ? new(OffsetTargetKind.Latest)
                : parse.GetValue(offset) is { } at ? new(OffsetTargetKind.Offset, at)
                : parse.GetValue(time) is { } moment ? new(OffsetTargetKind.Time, moment.ToUnixTimeMilliseconds())
                : new(OffsetTargetKind.Shift, parse.GetValue(shift)!.Value);
            List<TopicSelection> selected = TopicSelection.Parse(parse.GetValue(topics)!);
            string group = parse.GetValue(name)!;
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            ConsumerGroupDetails? details = await FindAsync(client.Admin, group, ct);
            bool isDone = parse.GetValue(execute);
            if (isDone && details is not null)
            {
                GroupActivity.ThrowIfActive(details, "its offsets cannot be moved");
            }
            OffsetResetPlan plan = await new OffsetResetPlanner(client.Admin, group, target).MakeAsync(selected, ct);
            if (isDone)
            {
                await client.Admin.CommitGroupOffsetsAsync(
                    group, plan.Moves.Select(move => new GroupOffset(move.Partition.Topic, move.Partition.Partition, move.NewOffset)), ct);
            }
            GroupOutput.WriteReset(terminal, parse.GetValue(output), group, plan, isDone);
            foreach (IGrouping<string, PartitionLeft> left in plan.Left.GroupBy(left => left.Reason))
            {
                terminal.Error.WriteLine($"Left as they are, {left.Key}: {GroupOutput.Summary([.. left.Select(l => l.Partition)])}");
            }
            terminal.Error.WriteLine(isDone ? "Done." : "Nothing has been changed: this is the plan. Pass --execute to do it.");
            if (!isDone && details is not null && GroupActivity.IsActive(details))
            {
                terminal.Error.WriteLine($"Group {group} is active. {GroupActivity.Hint(group)}");
            }
            return ExitCode.Success;
        });
        return command;
    }

    // A group that has never been used can be given offsets to begin at.
    private static async Task<ConsumerGroupDetails?> FindAsync(Admin admin, string group, CancellationToken ct)
    {
        try
        {
            return await admin.DescribeGroupAsync(group, ct);
        }
        catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.GroupNotFound)
        {
            return null;
        }
    }
}
