namespace StreamHouse.Broker.Topics;

/// <summary>A live topic as the metadata store holds it. Immutable: a change makes a new description.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Name">Name, unique among live topics.</param>
/// <param name="Partitions">Number of partitions, at least 1.</param>
/// <param name="Durability">What acks=all means.</param>
/// <param name="Config">Settings, defaults included.</param>
/// <param name="CreatedAt">When it was created.</param>
public sealed record TopicDescription(
    TopicId Id, string Name, int Partitions, Durability Durability, TopicConfig Config, DateTimeOffset CreatedAt);
