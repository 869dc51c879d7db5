using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Finds what a path names.</summary>
internal static class TopicLookup
{
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    public static TopicDescription RequireTopic(this IBroker broker, string name) =>
        broker.FindTopic(name) ?? throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic '{name}'.");

    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/> or <see cref="BrokerErrorCode.UnknownPartition"/>.</exception>
    public static TopicPartition RequirePartition(this IBroker broker, string topic, int partition) =>
        broker.RequireTopic(topic).RequirePartition(partition);

    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownPartition"/>.</exception>
    public static TopicPartition RequirePartition(this TopicDescription topic, int partition) =>
        partition >= 0 && partition < topic.Partitions
            ? new TopicPartition(topic.Id, partition)
            : throw new BrokerException(
                BrokerErrorCode.UnknownPartition, $"Topic '{topic.Name}' has no partition {partition}; its partitions are 0 to {topic.Partitions - 1}.");
}
