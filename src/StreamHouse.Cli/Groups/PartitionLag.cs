using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;

namespace StreamHouse.Cli.Groups;

/// <summary>How far behind a group is in a partition.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Committed">The next offset it would read, or null when nothing is committed.</param>
/// <param name="Earliest">The first offset that can be read.</param>
/// <param name="Latest">The offset after the last record.</param>
/// <param name="Owner">The member that has it, or null.</param>
internal sealed record PartitionLag(TopicPartition Partition, long? Committed, long Earliest, long Latest, ConsumerGroupMember? Owner)
{
    /// <summary>Records that it has not read.</summary>
    public long Lag => Math.Max(0, Latest - Math.Max(Committed ?? Earliest, Earliest));

    /// <summary>
    /// Looks at every partition of every topic that the group has committed offsets in, that its members have subscribed to, or of which they have
    /// partitions. Topics that are gone are left out.
    /// </summary>
    /// <exception cref="CommandException">There are none.</exception>
    /// <exception cref="StreamHouseException">There is no such group.</exception>
    public static async Task<List<PartitionLag>> FindAsync(Admin admin, string group, string? topic, CancellationToken ct)
    {
        ConsumerGroupDetails details = await admin.DescribeGroupAsync(group, ct);
        Dictionary<TopicPartition, ConsumerGroupMember> owners = [];
        foreach (ConsumerGroupMember member in details.Members)
        {
            foreach (TopicPartition partition in member.Assigned)
            {
                owners[partition] = member;
            }
        }
        Dictionary<TopicPartition, long> committed = (await admin.FetchGroupOffsetsAsync(group, topic, ct))
            .ToDictionary(offset => new TopicPartition(offset.Topic, offset.Partition), offset => offset.Offset);
        List<PartitionLag> rows = [];
        foreach (string name in committed.Keys.Concat(owners.Keys).Select(partition => partition.Topic)
            .Concat(details.Members.SelectMany(member => member.Subscribed))
            .Where(name => topic is null || name == topic)
            .Distinct()
            .Order(StringComparer.Ordinal))
        {
            if (await FindEndsAsync(admin, name, ct) is not ({ } earliest, { } latest))
            {
                continue;
            }
            rows.AddRange(latest.Keys.Order().Select(number => new TopicPartition(name, number)).Select(partition => new PartitionLag(
                partition,
                committed.TryGetValue(partition, out long offset) ? offset : null,
                earliest.GetValueOrDefault(partition.Partition),
                latest[partition.Partition],
                owners.GetValueOrDefault(partition))));
        }
        return rows.Count > 0 ? rows : throw new CommandException(
            ExitCode.NotFound,
            $"Group {group} has neither partitions nor committed offsets{(topic is null ? "" : $" in {topic}")}.",
            $"See 'streamctl group describe {group}'.");
    }

    /// <summary>Where the partitions of a topic begin and end.</summary>
    public static async Task<(Dictionary<int, long> Earliest, Dictionary<int, long> Latest)> EndsAsync(Admin admin, string topic, CancellationToken ct) => (
        (await admin.ListOffsetsAsync(topic, OffsetSpec.Earliest, ct: ct)).ToDictionary(offset => offset.Partition, offset => offset.Offset),
        (await admin.ListOffsetsAsync(topic, OffsetSpec.Latest, ct: ct)).ToDictionary(offset => offset.Partition, offset => offset.Offset));

    // A group may want, or have been in, a topic that does not exist (any more): nothing in it is left to read.
    private static async Task<(Dictionary<int, long> Earliest, Dictionary<int, long> Latest)?> FindEndsAsync(Admin admin, string topic, CancellationToken ct)
    {
        try
        {
            return await EndsAsync(admin, topic, ct);
        }
        catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.UnknownTopic)
        {
            return null;
        }
    }
}
