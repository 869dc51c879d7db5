namespace StreamHouse.Client.Groups.Assignment;

/// <summary>Shares partitions among the members of a group; the leader does it for everybody.</summary>
internal static class Assignor
{
    /// <summary>Shares partitions by a strategy.</summary>
    /// <param name="strategy">How.</param>
    /// <param name="members">Everybody.</param>
    /// <param name="partitions">The number of partitions of each topic that exists.</param>
    /// <returns>Every member's partitions, by member id.</returns>
    public static Dictionary<string, List<TopicPartition>> Assign(
        AssignmentStrategy strategy, IReadOnlyList<GroupSubscriber> members, IReadOnlyDictionary<string, int> partitions)
    {
        // Static members keep their places in the order through restarts, which change their member ids.
        List<GroupSubscriber> ordered = [.. members
            .OrderBy(member => member.InstanceId is null)
            .ThenBy(member => member.InstanceId ?? member.MemberId, StringComparer.Ordinal)];
        return strategy switch
        {
            AssignmentStrategy.Range => RangeAssignor.Assign(ordered, partitions),
            AssignmentStrategy.RoundRobin => RoundRobinAssignor.Assign(ordered, partitions),
            AssignmentStrategy.CooperativeSticky => new StickyAssignor(ordered, partitions).Assign(),
            _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, null),
        };
    }

    /// <summary>The topics that exist and have subscribers, in order.</summary>
    public static IEnumerable<string> Topics(IEnumerable<GroupSubscriber> members, IReadOnlyDictionary<string, int> partitions) => members
        .SelectMany(member => member.Subscription.Topics)
        .Distinct(StringComparer.Ordinal)
        .Where(partitions.ContainsKey)
        .Order(StringComparer.Ordinal);
}
