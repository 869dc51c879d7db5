using System.CommandLine;
using System.Globalization;
using System.Text;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Status;

/// <summary><c>streamctl status</c>.</summary>
internal static class StatusCommand
{
    public static Command Build(GlobalOptions globals, Terminal terminal)
    {
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "status", "Shows a server's version, uptime, listeners and storage", "streamctl status", "streamctl status --addr http://10.0.0.7:50051 -o json")
        {
            output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct);
            Write(terminal, parse.GetValue(output), await client.Admin.GetStatusAsync(ct));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(Terminal terminal, OutputFormat format, ServerStatus status)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartObject();
                json.WriteString("clusterId", status.ClusterId);
                json.WriteString("nodeId", status.NodeId);
                json.WriteString("version", status.Version);
                json.WriteString("mode", status.Mode);
                json.WriteNumber("uptimeMs", (long)status.Uptime.TotalMilliseconds);
                json.WriteNumber("topics", status.Topics);
                json.WriteNumber("partitions", status.Partitions);
                json.WriteNumber("nodeLogBytes", status.NodeLogBytes);
                json.WriteNumber("tailBytes", status.TailBytes);
                json.WriteString("dataDirectory", status.DataDirectory);
                json.WriteString("objectStore", status.ObjectStore);
                json.WriteStartObject("listeners");
                foreach (ListenerInfo listener in status.Listeners)
                {
                    json.WriteString(listener.Protocol, listener.Address);
                }
                json.WriteEndObject();
                json.WriteEndObject();
            });
            return;
        }
        StringBuilder text = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"server       {status.Version}, {status.Mode}, up {status.Uptime:d\\.hh\\:mm\\:ss}\n");
        text.Append(culture, $"node         {status.NodeId}\n");
        text.Append(culture, $"cluster      {status.ClusterId}\n");
        text.Append(culture, $"topics       {status.Topics} with {status.Partitions} partitions\n");
        text.Append(culture, $"node log     {ByteText.Format(status.NodeLogBytes)}\n");
        text.Append(culture, $"in memory    {ByteText.Format(status.TailBytes)} not yet in objects\n");
        text.Append(culture, $"data folder  {status.DataDirectory}\n");
        text.Append(culture, $"objects      {status.ObjectStore}\n");
        foreach (ListenerInfo listener in status.Listeners)
        {
            text.Append(culture, $"{listener.Protocol,-12} {listener.Address}\n");
        }
        Output.Text(terminal, text.ToString());
    }
}
