using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Broker.Groups;

/// <summary>Limits and times of consumer groups.</summary>
public sealed record GroupOptions
{
    /// <summary>
    /// How long the first generation of a group waits for further members after each that joins, at most until the rebalance timeout. Members of one
    /// deployment start within milliseconds of each other; a lone consumer should not notice. Zero to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Shortest session timeout a member may ask for. More than zero.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan SessionTimeoutMin { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Longest session timeout a member may ask for.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan SessionTimeoutMax { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Members of one group: 1 to 100,000. Of the ids that clients were told and have yet to join with, a group keeps as many besides, the newest.
    /// </summary>
    [Range(1, 100_000)]
    public int MembersMax { get; init; } = 2000;

    /// <summary>
    /// Groups that have members, or members about to join, on the whole server; those with only the latter make room for others. 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int GroupsMax { get; init; } = 20_000;

    /// <summary>
    /// Memory for members of all groups, their subscriptions and assignments, in bytes. Joins and assignments that do not fit are refused. 64 KiB to
    /// 16 GiB.
    /// </summary>
    [Range(typeof(long), "65536", "17179869184")]
    public long MemoryBytesMax { get; init; } = 64L << 20;

    /// <summary>Longest text a committer may leave with an offset, in characters: 0 to 1,048,576.</summary>
    [Range(0, 1 << 20)]
    public int OffsetMetadataLengthMax { get; init; } = 4096;

    /// <summary>Offsets accepted but not yet stored, of all groups; further commits are refused as overload. 1 to 10,000,000.</summary>
    [Range(1, 10_000_000)]
    public int PendingOffsetsMax { get; init; } = 100_000;

    /// <summary>
    /// How long committed offsets are kept after the group lost its last member or committed for the last time, and, in a stable group of consumers,
    /// those of topics that no member subscribes to after their last commit. More than zero.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "36500.00:00:00")]
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often expired offsets are looked for; each pause is drawn from 75 % to 125 % of it. More than zero.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan OffsetsCheckInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>See <see cref="BrokerOptions.BrokenBy"/>.</summary>
    internal EngineBreak Break { get; init; }
}
