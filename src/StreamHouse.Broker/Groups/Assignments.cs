using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Groups;

/// <summary>What a sync leads to.</summary>
/// <param name="Answer">The answer, at once or when the leader has brought it.</param>
/// <param name="ToStore">The generation that must be stored before anybody is answered, or null.</param>
internal readonly record struct SyncStep(Task<SyncResult> Answer, StoredGroup? ToStore = null);

/// <summary>
/// How the members of a generation get their assignments: the leader brings them, the generation is stored, and then everybody who waits is answered.
/// The group's lock guards it.
/// </summary>
internal sealed class Assignments(string group, Rebalance rebalance, GroupTimers timers, GroupMemory memory)
{
    private int _storing;

    /// <summary>Whether a member may ask for its assignment now.</summary>
    public BrokerErrorCode Check(SyncRequest request) =>
        rebalance.State == GroupState.PreparingRebalance ? BrokerErrorCode.RebalanceInProgress
        : (request.ProtocolType ?? rebalance.ProtocolType) != rebalance.ProtocolType || (request.Protocol ?? rebalance.Protocol) != rebalance.Protocol
            ? BrokerErrorCode.InconsistentGroupProtocol
            : BrokerErrorCode.None;

    /// <summary>A member asks: what is in force already, or null.</summary>
    public SyncResult? TryAnswer(Member member)
    {
        rebalance.OnSynced(member);
        member.Due = timers.After(member.SessionTimeout);
        return rebalance.State == GroupState.Stable ? GroupAnswers.AssignmentOf(rebalance, member) : null;
    }

    /// <summary>A member waits for the leader's assignments.</summary>
    public static TaskCompletionSource<SyncResult> Wait(Member member)
    {
        member.RefuseSync(BrokerErrorCode.RebalanceInProgress, "The member has asked again by another call.");
        TaskCompletionSource<SyncResult> waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        member.Sync = waiting;
        return waiting;
    }

    /// <summary>A call no longer waits.</summary>
    public void Abandon(Member member, TaskCompletionSource<SyncResult> waiting)
    {
        if (member.Sync == waiting)
        {
            member.Sync = null;
            member.Due = timers.After(member.SessionTimeout);
        }
    }

    /// <summary>Takes what the leader brings, once for each generation.</summary>
    /// <returns>What must be stored before anybody is told, or null.</returns>
    public StoredGroup? Take(Member member, IReadOnlyList<MemberAssignment> assignments)
    {
        if (member != rebalance.Leader || _storing == rebalance.Generation)
        {
            return null;
        }
        long bytes = 0;
        Dictionary<string, ReadOnlyMemory<byte>> byMember = new(assignments.Count, StringComparer.Ordinal);
        foreach (MemberAssignment assignment in assignments)
        {
            byMember[assignment.MemberId] = assignment.Assignment;
        }
        foreach (Member assigned in rebalance.Members.All)
        {
            bytes += byMember.GetValueOrDefault(assigned.Id).Length - assigned.Assignment.Length;
        }
        if (!memory.TryRent(bytes))
        {
            rebalance.Abandon(BrokerErrorCode.Overloaded, "The assignments do not fit into the memory of all groups (Groups:MemoryBytesMax).");
            return null;
        }
        foreach (Member assigned in rebalance.Members.All)
        {
            assigned.Assignment = byMember.GetValueOrDefault(assigned.Id).ToArray();
        }
        _storing = rebalance.Generation;
        return new StoredGroup(group, rebalance.Generation, rebalance.ProtocolType, null);
    }

    /// <summary>A generation's number is stored, or could not be: its members get their assignments, or join again.</summary>
    /// <returns>Whether it was the generation that its members wait for.</returns>
    public bool OnStored(int generation, BrokerException? failure)
    {
        if (_storing == generation)
        {
            _storing = 0;
        }
        if (generation != rebalance.Generation || rebalance.State != GroupState.CompletingRebalance)
        {
            return false;
        }
        if (failure is null)
        {
            rebalance.Complete();
        }
        else
        {
            rebalance.Abandon(failure.Code, failure.Message);
        }
        return true;
    }
}
