using System.Globalization;
using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;

namespace StreamHouse.Cli.Groups;

/// <summary>How groups are written.</summary>
internal static class GroupOutput
{
    public static void WriteList(Terminal terminal, OutputFormat format, IReadOnlyList<ConsumerGroupInfo> groups)
    {
        if (format == OutputFormat.Json)
        {
            WriteArray(terminal, groups, static (json, group) =>
            {
                json.WriteString("group", group.Group);
                json.WriteString("state", NameOf(group.State));
                json.WriteString("protocolType", group.ProtocolType);
            });
            return;
        }
        if (groups.Count == 0)
        {
            terminal.Error.WriteLine("There are no groups. A group appears when its first consumer joins or commits.");
            return;
        }
        Output.Table(terminal, ["GROUP", "STATE", "TYPE"], groups.Select(group => new[] { group.Group, NameOf(group.State), group.ProtocolType }));
    }

    public static void WriteDetails(Terminal terminal, OutputFormat format, ConsumerGroupDetails group)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json => WriteJson(json, group));
            return;
        }
        Output.Text(terminal, string.Create(
            CultureInfo.InvariantCulture,
            $"group       {group.Group}\nstate       {NameOf(group.State)}\nprotocol    {(group.Protocol.Length > 0 ? group.Protocol : "none")}\ngeneration  {group.Generation}\nmembers     {group.Members.Count}\n"));
        if (group.Members.Count > 0)
        {
            Output.Text(terminal, "\n");
            Output.Table(terminal, ["MEMBER", "INSTANCE", "CLIENT", "HOST", "LEADER", "PARTITIONS"], group.Members.Select(member => new[]
            {
                member.MemberId, member.InstanceId ?? "", member.ClientId, member.ClientHost, member.MemberId == group.LeaderId ? "yes" : "",
                Summary(member.Assigned),
            }));
        }
    }

    public static void WriteLag(Terminal terminal, OutputFormat format, List<PartitionLag> rows)
    {
        if (format == OutputFormat.Json)
        {
            WriteArray(terminal, rows, static (json, row) =>
            {
                json.WriteString("topic", row.Partition.Topic);
                json.WriteNumber("partition", row.Partition.Partition);
                WriteOffset(json, "committed", row.Committed);
                json.WriteNumber("earliest", row.Earliest);
                json.WriteNumber("latest", row.Latest);
                json.WriteNumber("lag", row.Lag);
                json.WriteString("member", row.Owner?.MemberId);
            });
            return;
        }
        Output.Table(
            terminal,
            ["TOPIC", ">PARTITION", ">COMMITTED", ">LATEST", ">LAG", "MEMBER"],
            rows.Select(row => new[]
            {
                row.Partition.Topic, Text(row.Partition.Partition), row.Committed is { } at ? Text(at) : "none", Text(row.Latest), Text(row.Lag),
                row.Owner?.MemberId ?? "none",
            })
            .Append(["total", "", "", "", Text(rows.Sum(row => row.Lag)), ""]));
    }

    public static void WriteReset(Terminal terminal, OutputFormat format, string group, OffsetResetPlan plan, bool isDone)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json =>
            {
                json.WriteStartObject();
                json.WriteString("group", group);
                json.WriteBoolean("executed", isDone);
                json.WriteStartArray("partitions");
                foreach (OffsetMove move in plan.Moves)
                {
                    json.WriteStartObject();
                    json.WriteString("topic", move.Partition.Topic);
                    json.WriteNumber("partition", move.Partition.Partition);
                    WriteOffset(json, "committed", move.Committed);
                    json.WriteNumber("newOffset", move.NewOffset);
                    json.WriteNumber("lag", move.Latest - move.NewOffset);
                    json.WriteString("note", move.Note);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteStartArray("left");
                foreach (PartitionLeft left in plan.Left)
                {
                    json.WriteStartObject();
                    json.WriteString("topic", left.Partition.Topic);
                    json.WriteNumber("partition", left.Partition.Partition);
                    json.WriteString("reason", left.Reason);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }
        Output.Table(terminal, ["TOPIC", ">PARTITION", ">COMMITTED", ">NEW", ">LAG THEN", "NOTE"], plan.Moves.Select(move => new[]
        {
            move.Partition.Topic, Text(move.Partition.Partition), move.Committed is { } at ? Text(at) : "none", Text(move.NewOffset),
            Text(move.Latest - move.NewOffset), move.Note ?? "",
        }));
    }

    private static void WriteJson(Utf8JsonWriter json, ConsumerGroupDetails group)
    {
        json.WriteStartObject();
        json.WriteString("group", group.Group);
        json.WriteString("state", NameOf(group.State));
        json.WriteString("protocolType", group.ProtocolType);
        json.WriteString("protocol", group.Protocol);
        json.WriteNumber("generation", group.Generation);
        json.WriteString("leader", group.LeaderId);
        json.WriteStartArray("members");
        foreach (ConsumerGroupMember member in group.Members)
        {
            json.WriteStartObject();
            json.WriteString("member", member.MemberId);
            json.WriteString("instance", member.InstanceId);
            json.WriteString("client", member.ClientId);
            json.WriteString("host", member.ClientHost);
            json.WriteStartArray("partitions");
            foreach (TopicPartition partition in member.Assigned)
            {
                json.WriteStartObject();
                json.WriteString("topic", partition.Topic);
                json.WriteNumber("partition", partition.Partition);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteArray<T>(Terminal terminal, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> writeFields) => Output.Json(terminal, json =>
    {
        json.WriteStartArray();
        foreach (T item in items)
        {
            json.WriteStartObject();
            writeFields(json, item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static void WriteOffset(Utf8JsonWriter json, string name, long? offset)
    {
        if (offset is { } at)
        {
            json.WriteNumber(name, at);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Partitions in few words: <c>orders:0,1 audit:2</c>.</summary>
    public static string Summary(IReadOnlyList<TopicPartition> partitions) => partitions.Count == 0
        ? "none"
        : string.Join(' ', partitions.GroupBy(partition => partition.Topic).Select(topic => $"{topic.Key}:{string.Join(',', topic.Select(p => Text(p.Partition)))}"));

    private static string NameOf(ConsumerGroupState state) => state switch
    {
        ConsumerGroupState.Empty => "empty",
        ConsumerGroupState.PreparingRebalance => "preparing-rebalance",
        ConsumerGroupState.CompletingRebalance => "completing-rebalance",
        ConsumerGroupState.Stable => "stable",
        _ => "unknown",
    };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
