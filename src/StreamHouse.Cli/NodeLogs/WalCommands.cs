using System.CommandLine;
using StreamHouse.Broker;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Cli.NodeLogs;

/// <summary><c>streamctl wal</c>: looks into the node log of a data folder, without a server and without changing anything.</summary>
internal static class WalCommands
{
    public static Command Build(Terminal terminal) => new HelpfulCommand("wal", "Looks into the node log (write-ahead log) of a data folder; needs no server")
    {
        Dump(terminal),
        Verify(terminal),
    };

    private static HelpfulCommand Dump(Terminal terminal)
    {
        Argument<string> folder = Folder();
        Option<long?> group = new("--group") { Description = "Only records of this partition, by its group id", HelpName = "ID", CustomParser = NumberText.ParseOptional<long> };
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "dump",
            "Shows the files, frames and records of a node log. JSON comes one object a line, told apart by its type. Exit code 5: it is damaged",
            "streamctl wal dump ./data",
            "streamctl wal dump ./data --group 7 --output json | jq .offset")
        {
            folder, group, output,
        };
        command.SetAction((parse, ct) => ReadAsync(
            parse.GetValue(folder)!, new WalWriter(terminal, parse.GetValue(output), isDump: true, parse.GetValue(group)), ct));
        return command;
    }

    private static HelpfulCommand Verify(Terminal terminal)
    {
        Argument<string> folder = Folder();
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "verify",
            "Reads a node log to its end, checks every checksum, and says how it ends: intact, torn (the last write never finished, and was not "
            + "acknowledged) or corrupt (exit code 5)",
            "streamctl wal verify ./data",
            "streamctl wal verify ./data --output json")
        {
            folder, output,
        };
        command.SetAction((parse, ct) => ReadAsync(
            parse.GetValue(folder)!, new WalWriter(terminal, parse.GetValue(output), isDump: false, group: null), ct));
        return command;
    }

    private static Argument<string> Folder() => new("DIR") { Description = "A server's data folder, or the wal folder in it" };

    private static async Task<int> ReadAsync(string folder, WalWriter writer, CancellationToken ct)
    {
        try
        {
            await using NodeLogInspector log = await NodeLogInspector.OpenAsync(new ReadOnlyLogFolder(FindLog(folder)), ct);
            writer.Begin(log.Files);
            await foreach (NodeLogFrameInfo frame in log.ReadFramesAsync(ct))
            {
                writer.Add(frame);
            }
            writer.End(log);
            if (log.Verdict == NodeLogVerdict.Corrupt || writer.HasMalformed)
            {
                throw new CommandException(
                    ExitCode.Damaged,
                    $"The node log in {folder} is damaged: {(log.Verdict == NodeLogVerdict.Corrupt ? log.Explanation : "a frame holds records that cannot be read.")}",
                    "Do not start a server on it. Keep a copy; records that were in objects are safe there.");
            }
            return ExitCode.Success;
        }
        catch (BrokerException e) when (e.Code == BrokerErrorCode.DataDamaged)
        {
            throw new CommandException(ExitCode.Damaged, e.Message, "Do not start a server on it. Keep a copy; records that were in objects are safe there.");
        }
    }

    private static string FindLog(string folder)
    {
        string inside = Path.Combine(folder, "wal");
        string found = Directory.Exists(inside) ? inside : folder;
        if (!Directory.Exists(found))
        {
            throw new CommandException(ExitCode.NotFound, $"There is no folder {folder}.", "Name the server's data folder (--data-dir).");
        }
        return Directory.EnumerateFiles(found, "*.log").Any()
            ? found
            : throw new CommandException(ExitCode.NotFound, $"There is no node log in {folder}.", "Name the server's data folder (--data-dir).");
    }
}
