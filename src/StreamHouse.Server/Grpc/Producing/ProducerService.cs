using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using Acks = StreamHouse.Rpc.V1.Acks;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>Serves <c>streamhouse.v1.ProducerService</c>.</summary>
internal sealed class ProducerService(IBroker broker, BrokerMetrics metrics, TimeProvider clock, ProduceOptions options)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        SharedPayloadAllocator allocator = new(broker.Buffers);
        routes.Unary(ProducerRpc.ServeProduce(allocator), ProduceAsync);
        routes.Duplex(ProducerRpc.ServeProduceStream(allocator), ProduceStreamAsync);
        routes.Unary(ProducerRpc.InitProducer.Server, InitProducerAsync);
    }

    private async ValueTask<ProduceResponse> ProduceAsync(IncomingProduce request, RpcContext context)
    {
        long arrived = clock.GetTimestamp();
        Task<AppendResult> append;
        using (request)
        {
            using Appender appender = new(broker, clock);
            append = appender.Append(request, out _);
        }
        AppendResult result = append.IsCompleted ? await append : await append.WaitAsync(context.Aborted);
        metrics.ProduceAnswered(FrontEnd.Grpc, result.Error, clock.GetElapsedTime(arrived));
        if (result.Error != BrokerErrorCode.None)
        {
            throw BrokerErrors.Detail(result.Error, result.Message, request.Topic, request.Partition).ToException();
        }
        return new ProduceResponse
        {
            BaseOffset = request.Acks == Acks.None ? -1 : result.BaseOffset,
            RecordCount = result.RecordCount,
            TimestampMs = result.LogAppendTimeMs,
            Durability = Appender.ReachedOf(result.Durability),
        };
    }

    private async Task ProduceStreamAsync(RpcRequests<IncomingProduce> requests, RpcResponses<ProduceReply> responses, RpcContext context)
    {
        metrics.ConnectionOpened(FrontEnd.Grpc);
        try
        {
            await new ProduceStream(broker, metrics, clock, options, requests, responses).RunAsync(context);
        }
        finally
        {
            metrics.ConnectionClosed(FrontEnd.Grpc);
        }
    }

    private async ValueTask<InitProducerResponse> InitProducerAsync(InitProducerRequest request, RpcContext context)
    {
        if (request.TransactionalId.Length > 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "transactional_id must be empty: this server has no transactions.");
        }
        return new InitProducerResponse { ProducerId = await broker.NewProducerIdAsync(context.Aborted), ProducerEpoch = 0 };
    }
}
