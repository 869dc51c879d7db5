namespace StreamHouse.Broker.Groups;

/// <summary>Who a member claims to be.</summary>
/// <param name="MemberId">What <see cref="JoinResult.MemberId"/> told.</param>
/// <param name="Generation">What <see cref="JoinResult.Generation"/> told.</param>
/// <param name="InstanceId">The static member's own name (<c>group.instance.id</c>), or null.</param>
public readonly record struct MemberIdentity(string MemberId, int Generation, string? InstanceId = null);

/// <summary>A way to assign partitions that a member supports, and its subscription in that way's own form.</summary>
/// <param name="Name">Such as <c>range</c>.</param>
/// <param name="Metadata">The subscription; kept and passed on, never read except to protect offsets of subscribed topics.</param>
public readonly record struct GroupProtocol(string Name, ReadOnlyMemory<byte> Metadata);

/// <summary>A wish to be a member.</summary>
public sealed record JoinRequest
{
    /// <summary>The group, 1 to 249 characters.</summary>
    public required string Group { get; init; }

    /// <summary>Empty for a new member; otherwise what an earlier answer told.</summary>
    public string MemberId { get; init; } = "";

    /// <summary>The static member's own name, or null for a dynamic one.</summary>
    public string? InstanceId { get; init; }

    /// <summary>
    /// Whether a new dynamic member is first told its id (<see cref="BrokerErrorCode.MemberIdRequired"/>) and joins with a second request, so that
    /// a lost answer leaves no member behind that nobody knows.
    /// </summary>
    public bool RequireMemberId { get; init; }

    /// <summary>
    /// Whether a static leader that comes back can be told to leave the assignment alone (<see cref="JoinResult.SkipAssignment"/>); otherwise it is
    /// told that another leads.
    /// </summary>
    public bool CanSkipAssignment { get; init; }

    /// <summary>The client's name for itself, for a person.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Where the client is, for a person.</summary>
    public string ClientHost { get; init; } = "";

    /// <summary>How long the member may be silent: within <see cref="GroupOptions.SessionTimeoutMin"/> and <see cref="GroupOptions.SessionTimeoutMax"/>.</summary>
    public required TimeSpan SessionTimeout { get; init; }

    /// <summary>How long a rebalance waits for this member to join again. More than zero.</summary>
    public required TimeSpan RebalanceTimeout { get; init; }

    /// <summary>What kind of group: <c>consumer</c> for consumers.</summary>
    public required string ProtocolType { get; init; }

    /// <summary>What the member supports, best first.</summary>
    public required IReadOnlyList<GroupProtocol> Protocols { get; init; }
}

/// <summary>A member as the leader sees it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The static member's own name, or null.</param>
/// <param name="Metadata">Its subscription for the chosen protocol.</param>
public sealed record JoinedMember(string MemberId, string? InstanceId, ReadOnlyMemory<byte> Metadata);

/// <summary>What became of a <see cref="JoinRequest"/>.</summary>
public sealed record JoinResult
{
    /// <summary>
    /// None, or <see cref="BrokerErrorCode.MemberIdRequired"/> (join again with <see cref="MemberId"/>), <see cref="BrokerErrorCode.UnknownMember"/>
    /// (join again without id), <see cref="BrokerErrorCode.FencedInstance"/>, <see cref="BrokerErrorCode.InconsistentGroupProtocol"/>,
    /// <see cref="BrokerErrorCode.InvalidSessionTimeout"/>, <see cref="BrokerErrorCode.InvalidGroupId"/>, <see cref="BrokerErrorCode.GroupFull"/>,
    /// <see cref="BrokerErrorCode.Overloaded"/>, <see cref="BrokerErrorCode.ShuttingDown"/> or an error of the metadata store.
    /// </summary>
    public BrokerErrorCode Error { get; init; }

    /// <summary>What happened and what to do, for a person; null with no error.</summary>
    public string? Message { get; init; }

    /// <summary>The member's id; empty where there is none to tell.</summary>
    public string MemberId { get; init; } = "";

    /// <summary>The generation joined; it only grows. -1 with an error.</summary>
    public int Generation { get; init; } = -1;

    /// <summary>The kind of group, or null with an error.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>The protocol all members support and most prefer, or null with an error.</summary>
    public string? Protocol { get; init; }

    /// <summary>The member that assigns; the receiver when it equals <see cref="MemberId"/>.</summary>
    public string LeaderId { get; init; } = "";

    /// <summary>The leader must not assign: the assignment in force stays (a static leader came back).</summary>
    public bool SkipAssignment { get; init; }

    /// <summary>For the leader, all members; empty for others.</summary>
    public IReadOnlyList<JoinedMember> Members { get; init; } = [];
}

/// <summary>What a leader gives one member.</summary>
/// <param name="MemberId">Whom.</param>
/// <param name="Assignment">What, in the protocol's own form.</param>
public readonly record struct MemberAssignment(string MemberId, ReadOnlyMemory<byte> Assignment);

/// <summary>A wish for an assignment.</summary>
public sealed record SyncRequest
{
    /// <summary>The group.</summary>
    public required string Group { get; init; }

    /// <summary>Who asks.</summary>
    public required MemberIdentity Member { get; init; }

    /// <summary>Checked against the group's when not null.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>Checked against the group's when not null.</summary>
    public string? Protocol { get; init; }

    /// <summary>From the leader: everybody's. Members left out get an empty one; ids that are no members are ignored.</summary>
    public IReadOnlyList<MemberAssignment> Assignments { get; init; } = [];
}

/// <summary>What became of a <see cref="SyncRequest"/>.</summary>
public sealed record SyncResult
{
    /// <summary>
    /// None, or <see cref="BrokerErrorCode.RebalanceInProgress"/> (join again), <see cref="BrokerErrorCode.UnknownMember"/>,
    /// <see cref="BrokerErrorCode.IllegalGeneration"/>, <see cref="BrokerErrorCode.FencedInstance"/>,
    /// <see cref="BrokerErrorCode.InconsistentGroupProtocol"/>, <see cref="BrokerErrorCode.Overloaded"/> or an error of the metadata store.
    /// </summary>
    public BrokerErrorCode Error { get; init; }

    /// <summary>What happened and what to do, for a person; null with no error.</summary>
    public string? Message { get; init; }

    /// <summary>The kind of group, or null with an error.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>The chosen protocol, or null with an error.</summary>
    public string? Protocol { get; init; }

    /// <summary>The member's assignment, whole.</summary>
    public ReadOnlyMemory<byte> Assignment { get; init; }
}

/// <summary>A member to remove.</summary>
/// <param name="MemberId">Its id; empty to remove a static member by <paramref name="InstanceId"/>, as an administrator does.</param>
/// <param name="InstanceId">The static member's own name, or null.</param>
/// <param name="Reason">Why, for the log at debug level, as far as it fits; null for no reason.</param>
public readonly record struct LeavingMember(string MemberId, string? InstanceId = null, string? Reason = null);

/// <summary>What became of leaving members.</summary>
/// <param name="Error">What concerns the whole request: none, or <see cref="BrokerErrorCode.InvalidGroupId"/>.</param>
/// <param name="Members">The outcome for each, in order: none, <see cref="BrokerErrorCode.UnknownMember"/> or <see cref="BrokerErrorCode.FencedInstance"/>.</param>
public sealed record LeaveResult(BrokerErrorCode Error, IReadOnlyList<BrokerErrorCode> Members);
