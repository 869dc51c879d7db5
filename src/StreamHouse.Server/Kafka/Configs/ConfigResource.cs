using System.Globalization;
using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>What settings belong to.</summary>
internal static class ConfigResource
{
    /// <summary>The protocol's number for topics.</summary>
    public const sbyte Topic = 2;

    /// <summary>The protocol's number for brokers.</summary>
    public const sbyte Broker = 4;

    /// <summary>The topic whose settings are to be changed. Those of brokers cannot be, while they run.</summary>
    /// <exception cref="BrokerException">It is no topic, or there is none of this name.</exception>
    public static TopicDescription RequireChangeable(IBroker broker, sbyte type, string name) => type switch
    {
        Topic => RequireTopic(broker, name),
        Broker => throw new BrokerException(
            BrokerErrorCode.InvalidRequest, "The server's settings cannot be changed while it runs; they come from its configuration (streamhouse --settings lists them)."),
        _ => throw Unknown(type),
    };

    /// <summary>Changes each resource that a request names; one that it names twice is refused, and the others go on.</summary>
    /// <param name="resources">What the request says of each.</param>
    /// <param name="keyOf">Its kind and name.</param>
    /// <param name="change">Changes it.</param>
    /// <param name="answer">What is told of a resource.</param>
    public static async Task<TAnswer[]> ChangeAsync<TResource, TAnswer>(
        IEnumerable<TResource> resources, Func<TResource, (sbyte Type, string Name)> keyOf, Func<TResource, Task> change,
        Func<sbyte, string, PartFailure, TAnswer> answer)
    {
        List<TAnswer> answers = [];
        foreach (IGrouping<(sbyte Type, string Name), TResource> asked in resources.GroupBy(keyOf))
        {
            PartFailure failure = await PartFailure.OfAsync(() => asked.Count() == 1
                ? change(asked.First())
                : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The request names '{asked.Key.Name}' {asked.Count()} times."));
            answers.Add(answer(asked.Key.Type, asked.Key.Name, failure));
        }
        return [.. answers];
    }

    /// <summary>A topic by its name, which is checked first, so that a client sees what is wrong with it.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidTopic"/> or <see cref="BrokerErrorCode.UnknownTopic"/>.</exception>
    public static TopicDescription RequireTopic(IBroker broker, string name)
    {
        TopicName.ThrowIfInvalid(name);
        return broker.RequireTopic(name);
    }

    /// <summary>Whether a name means this broker; the empty one means what all brokers share.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidRequest"/>: it means neither.</exception>
    public static bool IsThisBroker(string name, int nodeId)
    {
        if (name.Length == 0)
        {
            return false;
        }
        return name == nodeId.ToString(CultureInfo.InvariantCulture)
            ? true : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"There is no broker '{name}'; the only one is {nodeId}.");
    }

    /// <summary>Something else than a topic or a broker is asked for.</summary>
    public static BrokerException Unknown(sbyte type) =>
        new(BrokerErrorCode.InvalidRequest, $"There are no settings of resources of kind {type} here; 2 is a topic, 4 a broker.");
}
