using System.Globalization;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;

namespace StreamHouse.Cli.Groups;

/// <summary>Where offsets are moved to.</summary>
internal enum OffsetTargetKind
{
    /// <summary>The first record.</summary>
    Earliest,

    /// <summary>After the last record.</summary>
    Latest,

    /// <summary>An offset.</summary>
    Offset,

    /// <summary>A time, in ms since 1970.</summary>
    Time,

    /// <summary>A number of records from where it is.</summary>
    Shift,
}

/// <summary>Where offsets are moved to, with the number that the kind needs.</summary>
internal readonly record struct OffsetTarget(OffsetTargetKind Kind, long Value = 0);

/// <summary>A partition's move.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Committed">Where the group is, or null.</param>
/// <param name="NewOffset">Where it would be.</param>
/// <param name="Latest">The offset after the last record.</param>
/// <param name="Note">What was done to the wish, or null.</param>
internal sealed record OffsetMove(TopicPartition Partition, long? Committed, long NewOffset, long Latest, string? Note);

/// <summary>A topic, and which of its partitions; null for all.</summary>
internal sealed record TopicSelection(string Topic, int[]? Partitions)
{
    /// <summary>Reads <c>TOPIC</c> or <c>TOPIC:0,1</c>.</summary>
    /// <exception cref="CommandException">One is neither.</exception>
    public static List<TopicSelection> Parse(string[] texts)
    {
        List<TopicSelection> selected = [];
        foreach (string text in texts)
        {
            int at = text.IndexOf(':', StringComparison.Ordinal);
            if (at < 0)
            {
                selected.Add(new TopicSelection(text, null));
                continue;
            }
            List<int> partitions = [];
            foreach (string number in text[(at + 1)..].Split(','))
            {
                partitions.Add(int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                    ? partition
                    : throw new CommandException(ExitCode.Usage, $"--topic: '{text}' is not of the form TOPIC or TOPIC:0,1."));
            }
            selected.Add(new TopicSelection(text[..at], [.. partitions.Distinct()]));
        }
        return selected;
    }
}

/// <summary>A partition that stays where it is.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Reason">Why, to be read after "Left as they are, ".</param>
internal sealed record PartitionLeft(TopicPartition Partition, string Reason);

/// <summary>What a reset does.</summary>
/// <param name="Moves">The partitions it moves, in order; at least one.</param>
/// <param name="Left">Partitions that were asked for and stay where they are, in order.</param>
internal sealed record OffsetResetPlan(List<OffsetMove> Moves, List<PartitionLeft> Left);

/// <summary>Works out where every partition would move, within what can be read.</summary>
internal sealed class OffsetResetPlanner(Admin admin, string group, OffsetTarget target)
{
    private readonly List<OffsetMove> _moves = [];
    private readonly List<PartitionLeft> _left = [];

    /// <param name="selected">What to move; empty for every partition of the topics that the group has committed offsets in.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="CommandException">There is nothing to move.</exception>
    public async Task<OffsetResetPlan> MakeAsync(List<TopicSelection> selected, CancellationToken ct)
    {
        Dictionary<TopicPartition, long> committed = (await admin.FetchGroupOffsetsAsync(group, ct: ct))
            .ToDictionary(offset => new TopicPartition(offset.Topic, offset.Partition), offset => offset.Offset);
        if (selected.Count > 0)
        {
            foreach (TopicSelection selection in selected)
            {
                await AddAsync(selection, committed, ct);
            }
        }
        else
        {
            foreach (IGrouping<string, TopicPartition> topic in committed.Keys.GroupBy(partition => partition.Topic))
            {
                await AddCommittedAsync(topic, committed, ct);
            }
        }
        return _moves.Count > 0
            ? new OffsetResetPlan(
                [.. _moves.DistinctBy(move => move.Partition).OrderBy(move => move.Partition)],
                [.. _left.DistinctBy(left => left.Partition).OrderBy(left => left.Partition)])
            : throw new CommandException(
                ExitCode.NotFound,
                $"Group {group} has no committed offsets{(target.Kind == OffsetTargetKind.Shift ? " to shift" : "")}.",
                target.Kind == OffsetTargetKind.Shift ? "Use one of the --to options instead." : "Name the topic with --topic to give it some.");
    }

    private async Task AddCommittedAsync(IGrouping<string, TopicPartition> topic, Dictionary<TopicPartition, long> committed, CancellationToken ct)
    {
        try
        {
            await AddAsync(new TopicSelection(topic.Key, null), committed, ct);
        }
        catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.UnknownTopic)
        {
            // Nobody asked for it by name, and it must not keep the others from moving.
            _left.AddRange(topic.Select(partition => new PartitionLeft(partition, "of topics that are gone")));
        }
    }

    private async Task AddAsync(TopicSelection selection, Dictionary<TopicPartition, long> committed, CancellationToken ct)
    {
        (Dictionary<int, long> earliest, Dictionary<int, long> latest) = await PartitionLag.EndsAsync(admin, selection.Topic, ct);
        Dictionary<int, long> atTime = target.Kind != OffsetTargetKind.Time ? [] :
            (await admin.ListOffsetsAsync(selection.Topic, OffsetSpec.At(DateTimeOffset.FromUnixTimeMilliseconds(target.Value)), ct: ct))
            .ToDictionary(offset => offset.Partition, offset => offset.Offset);
        foreach (int number in selection.Partitions ?? [.. latest.Keys])
        {
            TopicPartition partition = new(selection.Topic, number);
            if (!latest.TryGetValue(number, out long end))
            {
                throw new CommandException(
                    ExitCode.NotFound, $"{selection.Topic} has no partition {number}.", $"See 'streamctl topic describe {selection.Topic}' for its partitions.");
            }
            long? now = committed.TryGetValue(partition, out long at) ? at : null;
            if (target.Kind == OffsetTargetKind.Shift && now is null)
            {
                _left.Add(new PartitionLeft(partition, "without a committed offset to shift"));
                continue;
            }
            long wanted = target.Kind switch
            {
                OffsetTargetKind.Earliest => earliest[number],
                OffsetTargetKind.Latest => end,
                OffsetTargetKind.Offset => target.Value,
                OffsetTargetKind.Time => atTime.GetValueOrDefault(number, -1) is var found && found >= 0 ? found : end,
                OffsetTargetKind.Shift => now!.Value + target.Value,
                _ => throw new InvalidOperationException($"{target.Kind} is no target."),
            };
            _moves.Add(new OffsetMove(partition, now, Math.Clamp(wanted, earliest[number], end), end, wanted < earliest[number] ? "the first there is"
                : wanted > end ? "the end"
                : target.Kind == OffsetTargetKind.Time && atTime.GetValueOrDefault(number, -1) < 0 ? "no record is that young"
                : null));
        }
    }
}
