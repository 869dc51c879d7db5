namespace StreamHouse.Broker.Groups;

/// <summary>What a join leads to: an answer at once, or a wait.</summary>
/// <param name="Answer">The answer, or null.</param>
/// <param name="Member">Who waits.</param>
/// <param name="Waiting">For what.</param>
internal readonly record struct JoinStep(JoinResult? Answer, Member? Member = null, TaskCompletionSource<JoinResult>? Waiting = null);

/// <summary>Who may join a group, and as whom. The group's lock guards it.</summary>
internal sealed class Admission(Rebalance rebalance, GroupOptions options, GroupTimers timers, GroupMemory memory, IRandomSource random)
{
    /// <summary>A new member whose client has gone unheard must not stay for the length of a rebalance.</summary>
    private static readonly TimeSpan NewMemberTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A client comes back at once with the id it was told, or not at all. How long it stays a member while silent is another matter.
    /// </summary>
    private static readonly TimeSpan PendingTimeoutMax = TimeSpan.FromMinutes(1);

    private const int NameInMemberIdMax = 64;

    private MemberList Members => rebalance.Members;

    // Ids that nobody has joined with yet do not count: whoever only asks for them must not keep members out.
    private bool IsFull => Members.Count >= options.MembersMax;

    /// <summary>See <see cref="IGroupCoordinator.JoinAsync"/>. The protocols' metadata is the group's from now on.</summary>
    public JoinStep Join(JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (request.InstanceId is { } instance)
        {
            Member? current = Members.FindInstance(instance);
            return request.MemberId.Length == 0
                ? current is null ? JoinNew(request, protocols) : TakeOver(current, request, protocols)
                : current is null
                ? Refuse(request, BrokerErrorCode.UnknownMember, $"The group has no member named '{instance}'; join without a member id.")
                : current.Id != request.MemberId ? Refuse(request, BrokerErrorCode.FencedInstance, $"Another member has taken over '{instance}'.")
                : Rejoin(current, request, protocols);
        }
        if (request.MemberId.Length == 0)
        {
            return JoinNew(request, protocols);
        }
        if (rebalance.Pending.Contains(request.MemberId))
        {
            return JoinPending(request, protocols);
        }
        return Members.Find(request.MemberId) is { } member
            ? Rejoin(member, request, protocols)
            : Refuse(request, BrokerErrorCode.UnknownMember, $"The group has no member '{request.MemberId}'; join without a member id.");
    }

    /// <summary>A call no longer waits.</summary>
    public void Abandon(Member member, TaskCompletionSource<JoinResult> waiting)
    {
        if (member.Join != waiting)
        {
            return;
        }
        member.Join = null;
        if (!member.IsKnown && member.InstanceId is null)
        {
            // Nobody else knows the id, so nobody will come back with it.
            rebalance.Remove(member, BrokerErrorCode.UnknownMember, "The caller went away.");
            rebalance.OnRemoved(members: true);
            return;
        }
        member.Due = timers.After(member.SessionTimeout);
    }

    private JoinStep JoinNew(JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (Contradicts(request, protocols, except: null))
        {
            return Inconsistent(request);
        }
        if (IsFull)
        {
            return Full(request);
        }
        string name = Shorten(request.InstanceId ?? request.ClientId);
        string id = $"{name}-{random.NextGuid():D}";
        if (request.RequireMemberId && request.InstanceId is null)
        {
            TimeSpan timeout = request.SessionTimeout < PendingTimeoutMax ? request.SessionTimeout : PendingTimeoutMax;
            if (!rebalance.Pending.TryAdd(id, timers.After(timeout)))
            {
                return NoMemory(request);
            }
            rebalance.OnPending();
            return new(new JoinResult { Error = BrokerErrorCode.MemberIdRequired, Message = "Join again with this member id.", MemberId = id });
        }
        return Add(id, isKnown: false, request, protocols);
    }

    private JoinStep JoinPending(JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (Contradicts(request, protocols, except: null))
        {
            return Inconsistent(request);
        }
        if (IsFull)
        {
            // Others joined first: nobody waits for this one any longer.
            rebalance.Pending.Remove(request.MemberId);
            rebalance.OnRemoved(members: false);
            return Full(request);
        }
        return Add(request.MemberId, isKnown: true, request, protocols);
    }

    private JoinStep Rejoin(Member member, JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (Contradicts(request, protocols, member))
        {
            return Inconsistent(request);
        }

        // A leader of a stable group that joins again asks for a new assignment: what it assigns may have changed. Others only repeat themselves.
        bool repeats = member.Matches(protocols)
            && (rebalance.State == GroupState.CompletingRebalance || (rebalance.State == GroupState.Stable && member != rebalance.Leader));
        if (repeats)
        {
            member.Due = timers.After(member.SessionTimeout);
            return new(GroupAnswers.GenerationFor(rebalance, member));
        }
        if (!TryUpdate(member, request, protocols))
        {
            return NoMemory(request);
        }
        return Wait(member, isAdded: false);
    }

    private JoinStep TakeOver(Member member, JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (Contradicts(request, protocols, member))
        {
            return Inconsistent(request);
        }
        bool keepsAssignment = rebalance.State == GroupState.Stable && member.WantsAlike(protocols, request.ProtocolType);
        string formerId = member.Id;
        if (!TryUpdate(member, request, protocols))
        {
            return NoMemory(request);
        }
        member.Refuse(BrokerErrorCode.FencedInstance, $"Another member has taken over '{member.InstanceId}'.");
        Members.Rename(member, $"{Shorten(member.InstanceId!)}-{random.NextGuid():D}");
        if (!keepsAssignment)
        {
            return Wait(member, isAdded: false);
        }
        member.Due = timers.After(member.SessionTimeout);
        JoinResult answer = GroupAnswers.GenerationFor(rebalance, member);
        if (member == rebalance.Leader)
        {
            answer = request.CanSkipAssignment
                ? answer with { SkipAssignment = true }
                : answer with { LeaderId = formerId, Members = [] };
        }
        return new(answer);
    }

    private JoinStep Add(string id, bool isKnown, JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        Member member = new(id, request.InstanceId) { IsKnown = isKnown };
        member.Update(request, protocols);
        if (!memory.TryRent(member.Bytes))
        {
            return NoMemory(request);
        }
        rebalance.Pending.Remove(id);
        rebalance.ProtocolType = request.ProtocolType;
        Members.Add(member);
        rebalance.Leader ??= member;
        return Wait(member, isAdded: true);
    }

    private JoinStep Wait(Member member, bool isAdded)
    {
        // One call waits for a member; an earlier one can only be that of a connection the client has given up.
        member.RefuseJoin(BrokerErrorCode.RebalanceInProgress, "The member has joined again by another call.");
        TaskCompletionSource<JoinResult> waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        member.Join = waiting;
        member.Due = member.IsNew ? timers.After(NewMemberTimeout) : member.Due;
        if (isAdded)
        {
            rebalance.OnAdded();
        }
        else
        {
            rebalance.OnRejoined();
        }
        return new(null, member, waiting);
    }

    private bool TryUpdate(Member member, JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        if (!memory.TryRent(Member.BytesOf(protocols) - Member.BytesOf(member.Protocols)))
        {
            return false;
        }
        member.Update(request, protocols);
        rebalance.ProtocolType = request.ProtocolType;
        return true;
    }

    private bool Contradicts(JoinRequest request, IReadOnlyList<GroupProtocol> protocols, Member? except)
    {
        bool hasOthers = Members.Count > (except is null ? 0 : 1);
        return request.ProtocolType.Length == 0 || protocols.Count == 0
            || (hasOthers && (request.ProtocolType != rebalance.ProtocolType || !Members.SupportAny(protocols, except)));
    }

    private static string Shorten(string name) => name.Length <= NameInMemberIdMax ? name : name[..NameInMemberIdMax];

    private static JoinStep Inconsistent(JoinRequest request) =>
        Refuse(request, BrokerErrorCode.InconsistentGroupProtocol, "The member supports no protocol that all members of the group support.");

    private JoinStep Full(JoinRequest request) =>
        Refuse(request, BrokerErrorCode.GroupFull, $"The group has {options.MembersMax} members, as many as it may (Groups:MembersMax).");

    private static JoinStep NoMemory(JoinRequest request) =>
        Refuse(request, BrokerErrorCode.Overloaded, "The members of all groups use as much memory as they may (Groups:MemoryBytesMax).");

    private static JoinStep Refuse(JoinRequest request, BrokerErrorCode error, string message) =>
        new(new JoinResult { Error = error, Message = message, MemberId = request.MemberId });
}
