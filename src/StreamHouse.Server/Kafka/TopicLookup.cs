using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Kafka;

/// <summary>Finds the topic that a part of a request means.</summary>
internal static class TopicLookup
{
    /// <summary>A live topic by name.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    public static TopicDescription RequireTopic(this IBroker broker, string name) =>
        broker.FindTopic(name) ?? throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic '{name}'.");
}
