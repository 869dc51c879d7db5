using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>An API whose requests and responses have generated codecs.</summary>
internal sealed class TypedApi<TRequest, TResponse>(IKafkaHandler<TRequest, TResponse> handler, KafkaMetrics metrics, ILogger log) : KafkaApi
    where TRequest : IKafkaMessage<TRequest>
    where TResponse : IKafkaMessage<TResponse>
{
    public override PendingReply Begin(in RequestFrame frame)
    {
        KafkaReader reader = new(frame.Body);
        var request = TRequest.Read(ref reader, frame.Header.ApiVersion);
        return new TypedReply<TResponse>(HandleAsync(request, frame.Call), frame.Header, frame.Arrived, metrics) { RequestBytes = frame.Bytes.Length };
    }

    private ValueTask<TResponse> HandleAsync(TRequest request, KafkaCall call)
    {
        try
        {
            ValueTask<TResponse> response = handler.HandleAsync(request, call);
            return response.IsCompletedSuccessfully ? response : WaitAsync(response, request, call);
        }
        catch (Exception e)
        {
            return ValueTask.FromResult(Refuse(request, call, e));
        }
    }

    private async ValueTask<TResponse> WaitAsync(ValueTask<TResponse> response, TRequest request, KafkaCall call)
    {
        try
        {
            return await response;
        }
        catch (Exception e)
        {
            return Refuse(request, call, e);
        }
    }

    private TResponse Refuse(TRequest request, in KafkaCall call, Exception cause)
    {
        if (cause is BrokerException failure)
        {
            return handler.Refuse(request, KafkaErrors.Of(failure.Code), failure.Message);
        }
        if (cause is not OperationCanceledException)
        {
            log.HandlerFailed(cause, TRequest.Api, call.Version, call.Client.Remote);
        }
        return handler.Refuse(request, KafkaErrorCode.UnknownServerError, "The server failed to serve the request; its log tells why.");
    }
}
