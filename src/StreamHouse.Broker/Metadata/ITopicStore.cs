using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Metadata;

/// <summary>Topics. A deleted topic stays as a tombstone, so that its log entries and objects can be told from unknown ones.</summary>
public interface ITopicStore
{
    /// <summary>Creates a topic with its lease rows (epoch 0, no holder, end offset 0).</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.TopicAlreadyExists"/>.</exception>
    Task CreateTopicAsync(TopicDescription topic, CancellationToken ct);

    /// <summary>All live topics.</summary>
    Task<IReadOnlyList<TopicDescription>> ListTopicsAsync(CancellationToken ct);

    /// <summary>Ids of deleted topics whose lease rows still exist.</summary>
    Task<IReadOnlyList<TopicId>> ListDeletedTopicsAsync(CancellationToken ct);

    /// <summary>Replaces a topic's explicit settings.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    Task SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct);

    /// <summary>Raises the number of partitions, adding lease rows.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>, or <see cref="BrokerErrorCode.InvalidPartitions"/> when it would not grow.</exception>
    Task AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct);

    /// <summary>Marks a topic deleted and fences its leases (epoch raised, holder cleared). Its name is free at once.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    Task DeleteTopicAsync(TopicId topic, CancellationToken ct);
}
