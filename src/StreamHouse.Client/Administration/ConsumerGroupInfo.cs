using StreamHouse.Client.Groups;

namespace StreamHouse.Client.Administration;

/// <summary>What a consumer group is doing.</summary>
public enum ConsumerGroupState
{
    /// <summary>It has offsets but no members.</summary>
    Empty,

    /// <summary>Its members are joining.</summary>
    PreparingRebalance,

    /// <summary>Its members wait for their assignments.</summary>
    CompletingRebalance,

    /// <summary>Its members have their partitions.</summary>
    Stable,

    /// <summary>A state this client does not know.</summary>
    Unknown,
}

/// <summary>A consumer group in a list.</summary>
/// <param name="Group">Its name.</param>
/// <param name="State">What it is doing.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumers; empty when it never had members.</param>
public sealed record ConsumerGroupInfo(string Group, ConsumerGroupState State, string ProtocolType);

/// <summary>A consumer group and its members.</summary>
/// <param name="Group">Its name.</param>
/// <param name="State">What it is doing.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumers; empty when it never had members.</param>
/// <param name="Protocol">How partitions are shared, such as <c>cooperative-sticky</c>; empty without members.</param>
/// <param name="Generation">Number of its latest rebalance.</param>
/// <param name="LeaderId">Member id of the leader, or empty.</param>
/// <param name="Members">Its members.</param>
public sealed record ConsumerGroupDetails(
    string Group, ConsumerGroupState State, string ProtocolType, string Protocol, int Generation, string LeaderId, IReadOnlyList<ConsumerGroupMember> Members);

/// <summary>A member of a consumer group.</summary>
/// <param name="MemberId">What the server calls it.</param>
/// <param name="InstanceId">A static member's own name, or null.</param>
/// <param name="ClientId">The client's name for itself.</param>
/// <param name="ClientHost">Where it connects from.</param>
/// <param name="Assigned">Its partitions, in order.</param>
public sealed record ConsumerGroupMember(
    string MemberId, string? InstanceId, string ClientId, string ClientHost, IReadOnlyList<TopicPartition> Assigned)
{
    /// <summary>
    /// The topics it has asked for. Empty while the group is agreeing on a protocol, and for members that are no consumers.
    /// </summary>
    public IReadOnlyList<string> Subscribed { get; init; } = [];
}
