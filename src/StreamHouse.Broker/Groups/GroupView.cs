namespace StreamHouse.Broker.Groups;

/// <summary>A group as it is shown to others. The group's lock guards it.</summary>
internal static class GroupView
{
    public static GroupDescription Describe(string group, Rebalance rebalance)
    {
        bool isStable = rebalance.State == GroupState.Stable;
        bool isChosen = isStable || rebalance.State == GroupState.CompletingRebalance;
        List<GroupMember> members = new(rebalance.Members.Count);
        foreach (Member m in rebalance.Members.All)
        {
            members.Add(new GroupMember(
                m.Id, m.InstanceId, m.ClientId, m.ClientHost, isChosen ? m.MetadataOf(rebalance.Protocol) : default, isStable ? m.Assignment : default));
        }
        return new GroupDescription
        {
            Group = group,
            State = rebalance.State,
            ProtocolType = rebalance.ProtocolType,
            Protocol = isChosen ? rebalance.Protocol! : "",
            Generation = rebalance.Generation,
            LeaderId = rebalance.Leader?.Id ?? "",
            Members = members,
        };
    }
}
