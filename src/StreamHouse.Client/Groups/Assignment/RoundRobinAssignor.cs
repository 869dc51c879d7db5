namespace StreamHouse.Client.Groups.Assignment;

/// <summary>Partition by partition through all topics, each to the next member that subscribes to its topic.</summary>
internal static class RoundRobinAssignor
{
    public static Dictionary<string, List<TopicPartition>> Assign(List<GroupSubscriber> members, IReadOnlyDictionary<string, int> partitions)
    {
        Dictionary<string, List<TopicPartition>> assigned = members.ToDictionary(member => member.MemberId, _ => new List<TopicPartition>());
        int next = 0;
        foreach (string topic in Assignor.Topics(members, partitions))
        {
            for (int partition = 0; partition < partitions[topic]; partition++)
            {
                while (!members[next].Subscription.Topics.Contains(topic))
                {
                    next = (next + 1) % members.Count;
                }
                assigned[members[next].MemberId].Add(new TopicPartition(topic, partition));
                next = (next + 1) % members.Count;
            }
        }
        return assigned;
    }
}
