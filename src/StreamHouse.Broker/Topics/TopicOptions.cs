using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Broker.Topics;

/// <summary>Defaults and limits of topics.</summary>
public sealed record TopicOptions
{
    /// <summary>Partitions of a topic created without a number. 1 to <see cref="PartitionsPerTopicMax"/>.</summary>
    [Range(1, 100_000)]
    public int PartitionsDefault { get; init; } = 4;

    /// <summary>Durability of a topic created without one.</summary>
    public Durability DurabilityDefault { get; init; } = Durability.Local;

    /// <summary>Most partitions of one topic. 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int PartitionsPerTopicMax { get; init; } = 20_000;

    /// <summary>Most partitions of all topics together; each costs about 2 KiB of memory. 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int PartitionsMax { get; init; } = 100_000;
}
