namespace StreamHouse.Broker.Groups;

/// <summary>Where a group is in its life.</summary>
public enum GroupState
{
    /// <summary>No members; perhaps committed offsets.</summary>
    Empty,

    /// <summary>Members are joining the next generation.</summary>
    PreparingRebalance,

    /// <summary>The generation is decided; the leader's assignments are awaited.</summary>
    CompletingRebalance,

    /// <summary>Every member has its assignment or can ask for it.</summary>
    Stable,

    /// <summary>Neither members nor offsets: nobody knows the group.</summary>
    Dead,
}

/// <summary>A group in a list.</summary>
/// <param name="Group">Its name.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="ProtocolType">What kind, <c>consumer</c> for consumers; empty when it never had members.</param>
public sealed record GroupListing(string Group, GroupState State, string ProtocolType);

/// <summary>Which groups to list; null properties allow everything.</summary>
public sealed record GroupFilter
{
    /// <summary>Every group.</summary>
    public static GroupFilter All { get; } = new();

    /// <summary>Only these states.</summary>
    public IReadOnlySet<GroupState>? States { get; init; }

    /// <summary>Only these kinds; the empty text means groups that never had members.</summary>
    public IReadOnlySet<string>? ProtocolTypes { get; init; }

    internal bool Allows(GroupListing group) =>
        (States?.Contains(group.State) ?? true) && (ProtocolTypes?.Contains(group.ProtocolType) ?? true);
}

/// <summary>A group and its members.</summary>
public sealed record GroupDescription
{
    /// <summary>Its name.</summary>
    public required string Group { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required GroupState State { get; init; }

    /// <summary>What kind, <c>consumer</c> for consumers; empty when it never had members.</summary>
    public string ProtocolType { get; init; } = "";

    /// <summary>The protocol in force; empty while none is chosen.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>The generation in force; 0 before the first.</summary>
    public int Generation { get; init; }

    /// <summary>The member that assigns; empty when there is none.</summary>
    public string LeaderId { get; init; } = "";

    /// <summary>Members in the order they came.</summary>
    public IReadOnlyList<GroupMember> Members { get; init; } = [];
}

/// <summary>A member of a group.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The static member's own name, or null.</param>
/// <param name="ClientId">The client's name for itself.</param>
/// <param name="ClientHost">Where the client is.</param>
/// <param name="Metadata">Its subscription for the protocol in force; empty while none is.</param>
/// <param name="Assignment">Its assignment; empty unless the group is stable.</param>
public sealed record GroupMember(
    string MemberId, string? InstanceId, string ClientId, string ClientHost, ReadOnlyMemory<byte> Metadata, ReadOnlyMemory<byte> Assignment);
