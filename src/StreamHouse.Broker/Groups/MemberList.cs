namespace StreamHouse.Broker.Groups;

/// <summary>The members of a group in the order they came, and what follows from all of them. The group's lock guards it.</summary>
internal sealed class MemberList
{
    private readonly List<Member> _all = [];
    private readonly Dictionary<string, Member> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Member> _byInstance = new(StringComparer.Ordinal);

    public IReadOnlyList<Member> All => _all;

    public int Count => _all.Count;

    /// <summary>How long a rebalance waits: as long as its most patient member asked for.</summary>
    public TimeSpan RebalanceTimeout
    {
        get
        {
            TimeSpan longest = TimeSpan.Zero;
            foreach (Member member in _all)
            {
                longest = member.RebalanceTimeout > longest ? member.RebalanceTimeout : longest;
            }
            return longest;
        }
    }

    public bool AllJoining
    {
        get
        {
            foreach (Member member in _all)
            {
                if (member.Join is null)
                {
                    return false;
                }
            }
            return true;
        }
    }

    public bool AllSynced
    {
        get
        {
            foreach (Member member in _all)
            {
                if (!member.HasSynced)
                {
                    return false;
                }
            }
            return true;
        }
    }

    /// <summary>The first whose join waits for an answer, or null.</summary>
    public Member? FirstJoining
    {
        get
        {
            foreach (Member member in _all)
            {
                if (member.Join is not null)
                {
                    return member;
                }
            }
            return null;
        }
    }

    public Member? Find(string id) => _byId.GetValueOrDefault(id);

    public Member? FindInstance(string instanceId) => _byInstance.GetValueOrDefault(instanceId);

    /// <summary>Finds whom an identity means, and whether it is still who it claims to be.</summary>
    public BrokerErrorCode Check(MemberIdentity identity, int generation, out Member? member)
    {
        member = identity.InstanceId is { } instance ? FindInstance(instance) : Find(identity.MemberId);
        return member is null ? BrokerErrorCode.UnknownMember
            : member.Id != identity.MemberId ? BrokerErrorCode.FencedInstance
            : identity.Generation != generation ? BrokerErrorCode.IllegalGeneration
            : BrokerErrorCode.None;
    }

    public void Add(Member member)
    {
        _all.Add(member);
        _byId.Add(member.Id, member);
        if (member.InstanceId is { } instance)
        {
            _byInstance.Add(instance, member);
        }
    }

    public void Remove(Member member)
    {
        _all.Remove(member);
        _byId.Remove(member.Id);
        if (member.InstanceId is { } instance)
        {
            _byInstance.Remove(instance);
        }
    }

    /// <summary>Gives a static member the id of the client that took it over.</summary>
    public void Rename(Member member, string id)
    {
        _byId.Remove(member.Id);
        member.Id = id;
        _byId.Add(id, member);
    }

    /// <summary>Whether every member but <paramref name="except"/> supports one of the protocols.</summary>
    public bool SupportAny(IReadOnlyList<GroupProtocol> protocols, Member? except)
    {
        foreach (GroupProtocol protocol in protocols)
        {
            if (AllSupport(protocol.Name, except))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The protocol all members support and most prefer; among equals the one the first member prefers.</summary>
    public string Vote()
    {
        Dictionary<string, int> votes = new(StringComparer.Ordinal);
        foreach (GroupProtocol candidate in _all[0].Protocols)
        {
            if (AllSupport(candidate.Name, except: null))
            {
                votes.TryAdd(candidate.Name, 0);
            }
        }
        foreach (Member member in _all)
        {
            foreach (GroupProtocol protocol in member.Protocols)
            {
                if (votes.TryGetValue(protocol.Name, out int count))
                {
                    votes[protocol.Name] = count + 1;
                    break;
                }
            }
        }
        string? winner = null;
        foreach (GroupProtocol candidate in _all[0].Protocols)
        {
            if (votes.TryGetValue(candidate.Name, out int count) && (winner is null || count > votes[winner]))
            {
                winner = candidate.Name;
            }
        }
        return winner!;
    }

    private bool AllSupport(string protocol, Member? except)
    {
        foreach (Member member in _all)
        {
            if (member != except && !member.Supports(protocol))
            {
                return false;
            }
        }
        return true;
    }
}
