using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Grpc;

/// <summary>Finds the topic a request means.</summary>
internal static class TopicLookup
{
    private const int IdBytes = 16;

    /// <summary>A live topic by id when one is given, else by name.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    public static TopicDescription Require(this IBroker broker, string name, Guid id)
    {
        if (id != Guid.Empty)
        {
            return broker.FindTopic(new TopicId(id)) ?? throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic with the id {id:D}.");
        }
        return broker.FindTopic(name) ?? throw new BrokerException(
            BrokerErrorCode.UnknownTopic, name.Length == 0 ? "The request names no topic." : $"There is no topic '{name}'.");
    }

    /// <summary>A live topic by id (16 bytes, big-endian) when one is given, else by name.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.UnknownTopic"/>, or <see cref="BrokerErrorCode.InvalidRequest"/> for an id of another length.</exception>
    public static TopicDescription Require(this IBroker broker, string name, Google.Protobuf.ByteString id) => id.Length switch
    {
        0 => broker.Require(name, Guid.Empty),
        IdBytes => broker.Require(name, new Guid(id.Span, bigEndian: true)),
        _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"topic_id has {id.Length} bytes; it must have {IdBytes}."),
    };
}
