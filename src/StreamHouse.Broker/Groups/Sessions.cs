namespace StreamHouse.Broker.Groups;

/// <summary>
/// Whether who calls is a member of the generation it claims; hearing from a member extends its session. The group's lock guards it.
/// </summary>
internal sealed class Sessions(Rebalance rebalance, GroupTimers timers)
{
    /// <summary>Finds the member that calls.</summary>
    public BrokerErrorCode Check(MemberIdentity identity, out Member? member) => rebalance.Members.Check(identity, rebalance.Generation, out member);

    /// <summary>See <see cref="IGroupCoordinator.HeartbeatAsync"/>.</summary>
    public BrokerErrorCode Heartbeat(MemberIdentity identity)
    {
        BrokerErrorCode error = Hear(identity);
        return error == BrokerErrorCode.None && rebalance.State == GroupState.PreparingRebalance ? BrokerErrorCode.RebalanceInProgress : error;
    }

    /// <summary>Whether the committer may commit: a member when there are any, and not while the generation waits for its assignments.</summary>
    public BrokerErrorCode CheckCommitter(MemberIdentity? identity)
    {
        bool hasMembers = rebalance.Members.Count > 0;
        if (identity is { } claimed && (claimed.Generation >= 0 || hasMembers))
        {
            BrokerErrorCode error = Hear(claimed);
            return error == BrokerErrorCode.None && rebalance.State == GroupState.CompletingRebalance ? BrokerErrorCode.RebalanceInProgress : error;
        }
        return hasMembers ? BrokerErrorCode.UnknownMember : BrokerErrorCode.None;
    }

    private BrokerErrorCode Hear(MemberIdentity identity)
    {
        BrokerErrorCode error = Check(identity, out Member? member);
        if (error == BrokerErrorCode.None)
        {
            member!.Due = timers.After(member.SessionTimeout);
        }
        return error;
    }
}
