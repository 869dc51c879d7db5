namespace StreamHouse.Client.Groups.Assignment;

/// <summary>Topic by topic, each member gets neighbouring partitions; the first members get one more where the number does not divide.</summary>
internal static class RangeAssignor
{
    public static Dictionary<string, List<TopicPartition>> Assign(List<GroupSubscriber> members, IReadOnlyDictionary<string, int> partitions)
    {
        Dictionary<string, List<TopicPartition>> assigned = members.ToDictionary(member => member.MemberId, _ => new List<TopicPartition>());
        foreach (string topic in Assignor.Topics(members, partitions))
        {
            List<GroupSubscriber> subscribers = members.FindAll(member => member.Subscription.Topics.Contains(topic));
            (int each, int more) = Math.DivRem(partitions[topic], subscribers.Count);
            int next = 0;
            for (int i = 0; i < subscribers.Count; i++)
            {
                for (int end = next + each + (i < more ? 1 : 0); next < end; next++)
                {
                    assigned[subscribers[i].MemberId].Add(new TopicPartition(topic, next));
                }
            }
        }
        return assigned;
    }
}
