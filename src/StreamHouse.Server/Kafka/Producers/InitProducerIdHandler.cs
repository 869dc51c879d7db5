using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Groups;

namespace StreamHouse.Server.Kafka.Producers;

/// <summary>Gives idempotent producers their ids. Each request gets a new one with epoch 0: a producer that begins anew is a new producer.</summary>
internal sealed class InitProducerIdHandler(IBroker broker) : IKafkaHandler<InitProducerIdRequest, InitProducerIdResponse>
{
    public async ValueTask<InitProducerIdResponse> HandleAsync(InitProducerIdRequest request, KafkaCall call)
    {
        if (request.TransactionalId is not null)
        {
            KafkaErrorCode error = request.TransactionalId.Length == 0 ? KafkaErrorCode.InvalidRequest : KafkaErrorCode.TransactionalIdAuthorizationFailed;
            return Refuse(request, error, FindCoordinatorHandler.TransactionsRefused);
        }
        if (request.ProducerId < 0 != request.ProducerEpoch < 0)
        {
            return Refuse(request, KafkaErrorCode.InvalidRequest, "A producer gives both its id and its epoch, or neither.");
        }
        return new InitProducerIdResponse { ProducerId = await broker.NewProducerIdAsync(call.Client.Closed) };
    }

    public InitProducerIdResponse Refuse(InitProducerIdRequest request, KafkaErrorCode error, string message) =>
        new() { ErrorCode = error, ProducerEpoch = -1 };
}
