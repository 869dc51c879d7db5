using StreamHouse.Kafka;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>A response to be, which a generated codec writes.</summary>
internal sealed class TypedReply<TResponse> : PendingReply
    where TResponse : IKafkaMessage<TResponse>
{
    private readonly RequestHeader _header;
    private readonly long _arrived;
    private readonly KafkaMetrics _metrics;
    private readonly Task<TResponse>? _task;
    private readonly TResponse? _response;

    public TypedReply(ValueTask<TResponse> response, RequestHeader header, long arrived, KafkaMetrics metrics)
    {
        _header = header;
        _arrived = arrived;
        _metrics = metrics;
        if (response.IsCompletedSuccessfully)
        {
            _response = response.Result;
        }
        else
        {
            _task = response.AsTask();
        }
    }

    public override bool IsCompleted => _task is null or { IsCompleted: true };

    private TResponse Response => _task is { } task ? task.GetAwaiter().GetResult() : _response!;

    public override void OnCompleted(Action continuation) => _task!.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(continuation);

    public override ReplyKind Write(ReplyBuffer output)
    {
        KafkaBuffer fields = output.Fields;
        fields.ErrorWritten = _metrics.FailuresOf(_header.ApiKey);
        try
        {
            KafkaFrame.WriteResponse(fields, _header.ApiVersion, _header.CorrelationId, Response);
        }
        finally
        {
            fields.ErrorWritten = null;
        }
        _metrics.Answered(_header.ApiKey, _arrived);
        return ReplyKind.Answer;
    }

    public override void Release()
    {
        if (_task is null or { IsCompletedSuccessfully: true })
        {
            (Response as IDisposable)?.Dispose();
        }
    }
}
