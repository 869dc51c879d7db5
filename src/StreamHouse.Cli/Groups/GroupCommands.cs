using System.CommandLine;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;

namespace StreamHouse.Cli.Groups;

/// <summary><c>streamctl group</c>.</summary>
internal static class GroupCommands
{
    public static Command Build(GlobalOptions globals, Terminal terminal) =>
        new HelpfulCommand("group", "Lists and describes consumer groups, shows their lag, moves their offsets, deletes them")
        {
            List(globals, terminal),
            Describe(globals, terminal),
            Lag(globals, terminal),
            ResetOffsetsCommand.Build(globals, terminal),
            Delete(globals, terminal),
        };

    /// <summary>The argument that names a group.</summary>
    public static Argument<string> Name() => new("GROUP") { Description = "The group's name" };

    private static HelpfulCommand List(GlobalOptions globals, Terminal terminal)
    {
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "list", "Lists consumer groups by name: those that have members or committed offsets", "streamctl group list", "streamctl group list --output json")
        {
            output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            GroupOutput.WriteList(terminal, parse.GetValue(output), await client.Admin.ListConsumerGroupsAsync(ct));
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Describe(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = Name();
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new("describe", "Shows a group's state, its members and which partitions they have", "streamctl group describe billing")
        {
            name, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            GroupOutput.WriteDetails(terminal, parse.GetValue(output), await client.Admin.DescribeGroupAsync(parse.GetValue(name)!, ct));
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Lag(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> name = Name();
        Option<string?> topic = new("--topic", "-t") { Description = "Only this topic", HelpName = "TOPIC" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "lag",
            "Shows how far behind a group is in every partition of the topics it has committed offsets in or its members subscribe to; one without a "
            + "committed offset is behind by all there is",
            "streamctl group lag billing",
            "streamctl group lag billing --topic orders --output json")
        {
            name, topic, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            GroupOutput.WriteLag(
                terminal, parse.GetValue(output), await PartitionLag.FindAsync(client.Admin, parse.GetValue(name)!, parse.GetValue(topic), ct));
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Delete(GlobalOptions globals, Terminal terminal)
    {
        Argument<string[]> names = new("GROUP") { Description = "Names of groups", Arity = ArgumentArity.OneOrMore };
        Option<bool> ifExists = new("--if-exists") { Description = "Succeed also for groups that do not exist" };
        Option<bool> dryRun = new("--dry-run") { Description = "Only say whether it could be done" };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "delete",
            "Deletes groups without members and their committed offsets, for ever. One that cannot be deleted does not keep the others from it",
            "streamctl group delete billing",
            "streamctl group delete a b c --if-exists",
            "streamctl group delete billing --dry-run")
        {
            names, ifExists, dryRun, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            bool isDryRun = parse.GetValue(dryRun);
            async Task DeleteAsync(string name)
            {
                GroupActivity.ThrowIfActive(await client.Admin.DescribeGroupAsync(name, ct), "cannot be deleted");
                if (!isDryRun)
                {
                    await client.Admin.DeleteGroupAsync(name, ct);
                }
            }
            Deletions deletions = new("group", isDryRun, parse.GetValue(ifExists) ? StreamHouseErrorCode.GroupNotFound : null);
            await deletions.RunAsync(parse.GetValue(names)!, DeleteAsync, ct);
            return deletions.Write(terminal, parse.GetValue(output));
        });
        return command;
    }
}
