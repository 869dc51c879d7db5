using System.Text.Json;

namespace StreamHouse.Server.Http.Topics;

/// <summary>Body of a topic's creation.</summary>
internal sealed record CreateTopic
{
    /// <summary>1 to 249 of <c>a-z A-Z 0-9 . _ -</c>.</summary>
    public required string Name { get; init; }

    /// <summary>1 or more; the server's default when missing.</summary>
    public int? Partitions { get; init; }

    /// <summary><c>local</c> or <c>object</c>; the server's default when missing. Never changes.</summary>
    public string? Durability { get; init; }

    /// <summary>Settings by Kafka's names; values are strings, numbers or booleans.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Config { get; init; }
}

/// <summary>Body of a topic's change.</summary>
internal sealed record AlterTopic
{
    /// <summary>New number of partitions; it can only grow.</summary>
    public int? Partitions { get; init; }

    /// <summary>Settings to change; <c>null</c> puts one back at its default. Others stay as they are.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Config { get; init; }
}

/// <summary>A topic in a list.</summary>
internal sealed record TopicSummary(string Name, Guid Id, int Partitions, string Durability, DateTimeOffset CreatedAt);

/// <summary>All topics.</summary>
internal sealed record TopicList(IReadOnlyList<TopicSummary> Topics);

/// <summary>A topic with its settings and the state of its partitions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its identity.</param>
/// <param name="Partitions">Number of partitions.</param>
/// <param name="Durability">What acks=all means.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Config">Every setting with its effective value.</param>
/// <param name="ConfigOverrides">Only the settings that were set explicitly.</param>
/// <param name="PartitionStates">State of each partition.</param>
internal sealed record TopicDetails(
    string Name, Guid Id, int Partitions, string Durability, DateTimeOffset CreatedAt, IReadOnlyDictionary<string, string> Config,
    IReadOnlyDictionary<string, string> ConfigOverrides, IReadOnlyList<PartitionState> PartitionStates);

/// <summary>State of a partition; offsets as in the architecture page: log start ≤ tiered end ≤ high watermark ≤ log end.</summary>
internal sealed record PartitionState(
    int Partition, long LeaderEpoch, long LogStartOffset, long TieredEndOffset, long HighWatermark, long LogEndOffset, long TailBytes, bool Online);
