using StreamHouse.Client.Producers;

namespace StreamHouse.Client.Administration;

/// <summary>A topic.</summary>
/// <param name="Id">Its identity, never used again after deletion.</param>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">Number of partitions.</param>
/// <param name="Durability">What an acknowledgement means.</param>
/// <param name="Config">Settings that were set explicitly, by Kafka's names.</param>
/// <param name="CreatedAt">When it was created.</param>
public sealed record TopicInfo(
    Guid Id, string Name, int Partitions, RecordDurability Durability, IReadOnlyDictionary<string, string> Config, DateTimeOffset CreatedAt);

/// <summary>A topic with its settings in effect and the state of its partitions.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="EffectiveConfig">Every setting with its value, explicit or default.</param>
/// <param name="Partitions">In order of their numbers.</param>
public sealed record TopicDetails(
    TopicInfo Topic, IReadOnlyDictionary<string, string> EffectiveConfig, IReadOnlyList<PartitionInfo> Partitions);

/// <summary>State of a partition.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="LeaderEpoch">The epoch of its leader.</param>
/// <param name="LogStartOffset">First offset that can be read.</param>
/// <param name="TieredEndOffset">End of what is in objects, exclusive.</param>
/// <param name="HighWatermark">Offset up to which records can be read, exclusive.</param>
/// <param name="LogEndOffset">Offset the next record gets.</param>
/// <param name="Leader">Who leads it; empty when nobody does.</param>
public sealed record PartitionInfo(
    int Partition, long LeaderEpoch, long LogStartOffset, long TieredEndOffset, long HighWatermark, long LogEndOffset, string Leader);

/// <summary>A topic to create.</summary>
/// <param name="Name">1 to 249 of <c>a-z A-Z 0-9 . _ -</c>.</param>
public sealed record NewTopic(string Name)
{
    /// <summary>Number of partitions; null takes the server's default.</summary>
    public int? Partitions { get; init; }

    /// <summary>What an acknowledgement means, for ever; null takes the server's default. Not <see cref="RecordDurability.Eventual"/>.</summary>
    public RecordDurability? Durability { get; init; }

    /// <summary>Settings by Kafka's names, such as <c>retention.ms</c>.</summary>
    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>();

    /// <summary>Only checks the request.</summary>
    public bool ValidateOnly { get; init; }
}

/// <summary>Changes to a topic.</summary>
public sealed record TopicChanges
{
    /// <summary>Settings to set, by Kafka's names.</summary>
    public IReadOnlyDictionary<string, string> SetConfig { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings that go back to their defaults.</summary>
    public IReadOnlyList<string> ResetConfig { get; init; } = [];

    /// <summary>The new number of partitions, which can only grow; null keeps it. Keys may then go to other partitions than before.</summary>
    public int? Partitions { get; init; }
}
