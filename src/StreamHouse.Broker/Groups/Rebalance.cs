using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// How a group gets from one generation to the next: who is waited for and until when, who leads, which protocol is chosen. The group's lock
/// guards it.
/// </summary>
internal sealed class Rebalance(string group, GroupTimers timers, GroupMemory memory, GroupOptions options, BrokerMetrics metrics, ILogger logger)
{
    private bool _isInitial;
    private long _initialLimit;

    public MemberList Members { get; } = new();

    public PendingMembers Pending { get; } = new(memory, options.MembersMax);

    public GroupState State { get; private set; }

    public int Generation { get; set; }

    public string ProtocolType { get; set; } = "";

    /// <summary>The protocol of the generation in force, or null.</summary>
    public string? Protocol { get; private set; }

    /// <summary>The member that assigns, or null without members.</summary>
    public Member? Leader { get; set; }

    /// <summary>When the members that have not joined are given up.</summary>
    public long JoinDue { get; private set; } = long.MaxValue;

    /// <summary>When the members that have not asked for their assignment are given up.</summary>
    public long SyncDue { get; private set; } = long.MaxValue;

    /// <summary>A new member came, whose answer waits for the next generation.</summary>
    public void OnAdded()
    {
        if (State != GroupState.PreparingRebalance)
        {
            Begin("a member joins");
        }
        else if (_isInitial)
        {
            Extend();
        }
        TryCompleteJoin();
    }

    /// <summary>A member joined again.</summary>
    public void OnRejoined()
    {
        if (State != GroupState.PreparingRebalance)
        {
            Begin("a member joins again");
        }
        TryCompleteJoin();
    }

    /// <summary>Somebody was told an id and is about to join.</summary>
    public void OnPending()
    {
        if (_isInitial && State == GroupState.PreparingRebalance)
        {
            Extend();
        }
    }

    /// <summary>Members have been removed, or pending ones given up.</summary>
    public void OnRemoved(bool members)
    {
        if (Members.Count == 0)
        {
            if (State != GroupState.Empty)
            {
                BecomeEmpty();
            }
            return;
        }
        if (members && State != GroupState.PreparingRebalance)
        {
            Begin("a member left");
        }
        TryCompleteJoin();
    }

    /// <summary>Removes a member and ends what waits for it. <see cref="OnRemoved"/> follows, once for all that go together.</summary>
    public void Remove(Member member, BrokerErrorCode error, string message)
    {
        Members.Remove(member);
        memory.Return(member.Bytes);
        member.Refuse(error, message);
        if (Leader == member)
        {
            Leader = Members.Count > 0 ? Members.All[0] : null;
        }
    }

    /// <summary>The generation's assignments are in force: everybody who waits gets its own.</summary>
    public void Complete()
    {
        State = GroupState.Stable;
        foreach (Member member in Members.All)
        {
            if (member.Sync is { } waiting)
            {
                member.Sync = null;
                member.Due = timers.After(member.SessionTimeout);
                waiting.TrySetResult(GroupAnswers.AssignmentOf(this, member));
            }
        }
    }

    /// <summary>The generation's assignments were lost: the next one begins.</summary>
    public void Abandon(BrokerErrorCode error, string message)
    {
        RefuseSyncs(error, message);
        Begin("the assignments could not be stored");
        TryCompleteJoin();
    }

    /// <summary>A member has asked for its assignment.</summary>
    public void OnSynced(Member member)
    {
        member.HasSynced = true;
        SyncDue = Members.AllSynced ? long.MaxValue : SyncDue;
    }

    /// <summary>The earliest moment at which something is given up; the largest number when there is none.</summary>
    public long NextDue
    {
        get
        {
            long next = Math.Min(Math.Min(JoinDue, SyncDue), Pending.NextDue);
            foreach (Member member in Members.All)
            {
                next = member.IsExempt ? next : Math.Min(next, member.Due);
            }
            return next;
        }
    }

    /// <summary>Removes members whose sessions have ended. <see cref="OnRemoved"/> follows.</summary>
    /// <returns>Whether there were any.</returns>
    public bool RemoveSilent(long now) => RemoveAll(m => !m.IsExempt && m.Due <= now, "was silent for too long");

    /// <summary>Gives up what was to happen until now.</summary>
    public void OnTime(long now)
    {
        if (State == GroupState.PreparingRebalance && JoinDue <= now)
        {
            if (_isInitial && !Members.AllJoining)
            {
                // A caller gave up waiting: its member may still come back.
                _isInitial = false;
                JoinDue = _initialLimit;
            }
            if (JoinDue <= now)
            {
                CompleteJoin();
            }
        }
        if (SyncDue <= now)
        {
            SyncDue = long.MaxValue;
            if (RemoveAll(static m => !m.HasSynced, "did not ask for its assignment in time"))
            {
                OnRemoved(members: true);
            }
        }
    }

    private void Begin(string reason)
    {
        if (State == GroupState.CompletingRebalance)
        {
            RefuseSyncs(BrokerErrorCode.RebalanceInProgress, "Another rebalance began; join again.");
        }
        _isInitial = State == GroupState.Empty && options.InitialRebalanceDelay > TimeSpan.Zero;
        _initialLimit = timers.After(Members.RebalanceTimeout);
        JoinDue = _isInitial ? Math.Min(timers.After(options.InitialRebalanceDelay), _initialLimit) : _initialLimit;
        SyncDue = long.MaxValue;
        State = GroupState.PreparingRebalance;
        Log.RebalanceBegins(logger, group, Generation, reason);
    }

    // Members that start together come one after another: each gives the next one time.
    private void Extend() => JoinDue = Math.Min(timers.After(options.InitialRebalanceDelay), _initialLimit);

    private void TryCompleteJoin()
    {
        if (State == GroupState.PreparingRebalance && !_isInitial && Pending.Count == 0 && Members.AllJoining)
        {
            CompleteJoin();
        }
    }

    private void CompleteJoin()
    {
        // A static member keeps its place until its session ends, so that its restart moves nothing.
        RemoveAll(static m => m.Join is null && m.InstanceId is null, "did not join again in time");
        if (Members.Count == 0)
        {
            BecomeEmpty();
            return;
        }
        if (Leader!.Join is null)
        {
            if (Members.FirstJoining is not { } leader)
            {
                // Only static members are left, and all of them are away: until their sessions end there is nobody to ask.
                JoinDue = timers.After(Members.RebalanceTimeout);
                return;
            }
            Leader = leader;
        }
        Generation = Generation == int.MaxValue ? 1 : Generation + 1;
        Protocol = Members.Vote();
        State = GroupState.CompletingRebalance;
        _isInitial = false;
        JoinDue = long.MaxValue;
        SyncDue = timers.After(Members.RebalanceTimeout);
        metrics.GroupRebalanced();
        Log.GenerationBegins(logger, group, Generation, Members.Count, Protocol, Leader.Id);
        foreach (Member member in Members.All)
        {
            member.HasSynced = false;
            if (member.Join is { } waiting)
            {
                member.Join = null;
                member.IsNew = false;
                member.IsKnown = true;
                member.Due = timers.After(member.SessionTimeout);
                waiting.TrySetResult(GroupAnswers.GenerationFor(this, member));
            }
        }
    }

    private void BecomeEmpty()
    {
        State = GroupState.Empty;
        Protocol = null;
        Leader = null;
        JoinDue = SyncDue = long.MaxValue;
        _isInitial = false;
        Log.GroupEmpty(logger, group, Generation);
    }

    private void RefuseSyncs(BrokerErrorCode error, string message)
    {
        foreach (Member member in Members.All)
        {
            memory.Return(member.Assignment.Length);
            member.Assignment = default;
            if (member.Sync is not null)
            {
                member.Due = timers.After(member.SessionTimeout);
                member.RefuseSync(error, message);
            }
        }
    }

    private bool RemoveAll(Func<Member, bool> condition, string why)
    {
        List<Member> gone = [];
        foreach (Member member in Members.All)
        {
            if (condition(member))
            {
                gone.Add(member);
            }
        }
        foreach (Member member in gone)
        {
            Log.MemberRemoved(logger, group, member.Id, why);
            Remove(member, BrokerErrorCode.UnknownMember, $"The member {why}; join again.");
        }
        if (gone.Count > 0)
        {
            metrics.GroupMembersLost(gone.Count);
        }
        return gone.Count > 0;
    }
}
