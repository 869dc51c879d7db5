using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Rpc.Producing;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using Acks = StreamHouse.Rpc.V1.Acks;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>
/// One open ProduceStream: a loop that reads requests and gives them to the broker as they come, and one that answers in the same order,
/// with one flush for all answers that are there.
/// </summary>
internal sealed class ProduceStream(
    IBroker broker, BrokerMetrics metrics, TimeProvider clock, ProduceOptions options, RpcRequests<IncomingProduce> requests,
    RpcResponses<ProduceReply> responses)
{
    private const int FlushBytes = 32 * 1024;

    private readonly PendingAnswers _pending = new(options.StreamRequestsMax, options.StreamBytesMax);

    /// <summary>Serves the stream until the client has sent its last request and has every answer.</summary>
    /// <exception cref="Rpc.Grpc.RpcException">UNAVAILABLE when the server stops: what was read is answered first.</exception>
    public async Task RunAsync(RpcContext context)
    {
        using CancellationTokenRegistration stop = context.Stopping.UnsafeRegister(static s => ((RpcRequests<IncomingProduce>)s!).Stop(), requests);
        Task answering = AnswerAsync();
        try
        {
            await ReadAsync();
        }
        finally
        {
            _pending.Complete();
            await answering;
        }
    }

    private async Task ReadAsync()
    {
        using Appender appender = new(broker, clock);
        while (await _pending.WaitForRoomAsync() && await requests.MoveNextAsync())
        {
            using IncomingProduce request = requests.Current;
            long arrived = clock.GetTimestamp();
            Task<AppendResult> append = appender.Append(request, out int bytes);
            _pending.Add(new PendingAnswer(
                request.Correlation, append, bytes, arrived, request.Topic, request.Partition, request.Acks != Acks.None));
        }
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (await _pending.WaitForAnswerAsync())
            {
                while (_pending.TryTake(out PendingAnswer answer))
                {
                    // Answers that are there leave before one is waited for.
                    if (responses.PendingBytes > 0 && (!answer.Append.IsCompleted || responses.PendingBytes > FlushBytes))
                    {
                        await responses.FlushAsync();
                    }
                    responses.Enqueue(Reply(answer, await answer.Append));
                    _pending.Answered(answer);
                }
                await responses.FlushAsync();
            }
        }
        finally
        {
            _pending.Abandon();
        }
    }

    private ProduceReply Reply(in PendingAnswer answer, in AppendResult result)
    {
        metrics.ProduceAnswered(FrontEnd.Grpc, result.Error, clock.GetElapsedTime(answer.Arrived));
        return result.Error == BrokerErrorCode.None
            ? new ProduceReply(
                answer.Correlation, answer.WantsOffset ? result.BaseOffset : -1, result.RecordCount, result.LogAppendTimeMs,
                Appender.ReachedOf(result.Durability))
            : new ProduceReply(
                answer.Correlation, -1, 0, -1, default, BrokerErrors.Detail(result.Error, result.Message, answer.Topic, answer.Partition));
    }
}
