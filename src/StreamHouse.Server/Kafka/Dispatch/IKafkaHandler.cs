using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>Serves one API.</summary>
/// <typeparam name="TRequest">Its requests.</typeparam>
/// <typeparam name="TResponse">Its responses; one that is <see cref="IDisposable"/> is disposed of once it has been sent, or never will be.</typeparam>
internal interface IKafkaHandler<TRequest, TResponse>
    where TRequest : IKafkaMessage<TRequest>
    where TResponse : IKafkaMessage<TResponse>
{
    /// <summary>
    /// Serves a request. Called in the order in which the requests of a connection arrive, each without waiting for the one before: what must
    /// happen in that order has to be begun before the first await. The responses are sent in that order, whichever is ready first.
    /// </summary>
    /// <param name="request">The request; it does not refer to the connection's buffers.</param>
    /// <param name="call">Who asks, and how.</param>
    /// <exception cref="BrokerException">Answered by <see cref="Refuse"/>. Any other exception is answered so too, and logged.</exception>
    ValueTask<TResponse> HandleAsync(TRequest request, KafkaCall call);

    /// <summary>The response that tells that all of a request has failed, in each of its parts where there is no place for an error of the whole.</summary>
    TResponse Refuse(TRequest request, KafkaErrorCode error, string message);
}

/// <summary>One request, beside its body.</summary>
/// <param name="Client">The connection's client.</param>
/// <param name="Version">The request's version.</param>
/// <param name="ClientId">What the client calls itself, or null.</param>
internal readonly record struct KafkaCall(KafkaClient Client, short Version, string? ClientId);
