namespace StreamHouse.Client.Groups;

/// <summary>How a <see cref="Consumers.Consumer"/> behaves as a member of its group, once it subscribes to topics.</summary>
public sealed record GroupMemberOptions
{
    /// <summary>
    /// Ways to share partitions, best first. The group takes one that all its members know; without one, joining fails. Partitions keep flowing during a
    /// rebalance only when all of them are cooperative. Default cooperative-sticky.
    /// </summary>
    public IReadOnlyList<AssignmentStrategy> Strategies { get; init; } = [AssignmentStrategy.CooperativeSticky];

    /// <summary>
    /// A name of its own, unique in the group, for a static member: restarted within <see cref="SessionTimeout"/> it gets its partitions back and the
    /// others notice nothing. It does not leave the group when it is disposed of. Null for a dynamic member.
    /// </summary>
    public string? InstanceId { get; init; }

    /// <summary>The name shown beside the member, for a person. Default <c>streamhouse</c>.</summary>
    public string ClientId { get; init; } = "streamhouse";

    /// <summary>How long the server hears nothing of a member before its partitions go to others. Default 45 s; the server accepts 6 s to 30 min.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How often the member shows that it is there; below a third of <see cref="SessionTimeout"/>. Default 3 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a rebalance waits for a member to finish the record or batch in its hands; and how long a member may go without asking for the next one
    /// before its partitions go to others. Default 5 minutes.
    /// </summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether offsets are committed by themselves: every <see cref="AutoCommitInterval"/>, before partitions are given up, and on disposing. A record or batch
    /// counts as done when the next one is asked for. Default true.
    /// </summary>
    public bool AutoCommit { get; init; } = true;

    /// <summary>The time between two automatic commits. Default 5 s.</summary>
    public TimeSpan AutoCommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    internal bool IsCooperative => Strategies.All(strategy => strategy == AssignmentStrategy.CooperativeSticky);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Strategies.Count);
        if (Strategies.Distinct().Count() < Strategies.Count || !Strategies.All(Enum.IsDefined))
        {
            throw new ArgumentException("A strategy is named twice or unknown.", nameof(Strategies));
        }
        if (InstanceId is { Length: 0 })
        {
            throw new ArgumentException("An instance id is not empty.", nameof(InstanceId));
        }
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HeartbeatInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(SessionTimeout, 3 * HeartbeatInterval);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RebalanceTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SessionTimeout, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RebalanceTimeout, TimeSpan.FromDays(1));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AutoCommitInterval, TimeSpan.Zero);
    }
}
