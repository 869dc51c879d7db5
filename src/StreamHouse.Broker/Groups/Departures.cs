using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Groups;

/// <summary>How members leave a group: by their own word, by an administrator's, or by their silence. The group's lock guards it.</summary>
internal sealed class Departures(string group, Rebalance rebalance, ILogger logger)
{
    /// <summary>See <see cref="IGroupCoordinator.LeaveAsync"/>.</summary>
    public BrokerErrorCode[] Leave(IReadOnlyList<LeavingMember> leaving)
    {
        BrokerErrorCode[] outcomes = new BrokerErrorCode[leaving.Count];
        int members = rebalance.Members.Count;
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = Leave(leaving[i]);
        }
        rebalance.OnRemoved(rebalance.Members.Count < members);
        return outcomes;
    }

    /// <summary>Removes members whose sessions have ended, and ids that nobody came back with in time.</summary>
    public void RemoveSilent(long now)
    {
        bool gaveUp = rebalance.Pending.RemoveDue(now) > 0;
        bool removed = rebalance.RemoveSilent(now);
        if (gaveUp || removed)
        {
            rebalance.OnRemoved(removed);
        }
    }

    private BrokerErrorCode Leave(LeavingMember leaving)
    {
        if (leaving.InstanceId is null && rebalance.Pending.Remove(leaving.MemberId))
        {
            return BrokerErrorCode.None;
        }
        Member? member = leaving.InstanceId is { } instance ? rebalance.Members.FindInstance(instance) : rebalance.Members.Find(leaving.MemberId);
        if (member is null)
        {
            return BrokerErrorCode.UnknownMember;
        }
        if (leaving.MemberId.Length > 0 && member.Id != leaving.MemberId)
        {
            return BrokerErrorCode.FencedInstance;
        }
        Log.MemberLeaves(logger, group, member.Id, leaving.Reason is { Length: > 0 } reason ? GroupName.Shorten(reason) : "it does not say why");
        rebalance.Remove(member, BrokerErrorCode.UnknownMember, "The member has left the group.");
        return BrokerErrorCode.None;
    }
}
