namespace StreamHouse.Broker.Groups;

/// <summary>What members are told of the generation in force. The group's lock guards what it is read from.</summary>
internal static class GroupAnswers
{
    /// <summary>A member's part of it.</summary>
    public static SyncResult AssignmentOf(Rebalance rebalance, Member member) =>
        new() { ProtocolType = rebalance.ProtocolType, Protocol = rebalance.Protocol, Assignment = member.Assignment };

    /// <summary>Which it is, and for its leader who is in it.</summary>
    public static JoinResult GenerationFor(Rebalance rebalance, Member member) => new()
    {
        MemberId = member.Id,
        Generation = rebalance.Generation,
        ProtocolType = rebalance.ProtocolType,
        Protocol = rebalance.Protocol,
        LeaderId = rebalance.Leader!.Id,
        Members = member == rebalance.Leader ? Subscriptions(rebalance) : [],
    };

    private static List<JoinedMember> Subscriptions(Rebalance rebalance)
    {
        List<JoinedMember> all = new(rebalance.Members.Count);
        foreach (Member member in rebalance.Members.All)
        {
            all.Add(new JoinedMember(member.Id, member.InstanceId, member.MetadataOf(rebalance.Protocol)));
        }
        return all;
    }
}
