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

    /// <summary>Looks at every partition that the group has committed or whose topic its members have partitions of.</summary>
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
        foreach (IGrouping<string, TopicPartition> ofTopic in committed.Keys.Union(owners.Keys)
            .Where(partition => topic is null || partition.Topic == topic)
            .Order()
            .GroupBy(partition => partition.Topic))
        {
            (Dictionary<int, long> earliest, Dictionary<int, long> latest) = await EndsAsync(admin, ofTopic.Key, ct);
            rows.AddRange(ofTopic.Where(partition => latest.ContainsKey(partition.Partition)).Select(partition => new PartitionLag(
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
}
