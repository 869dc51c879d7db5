using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using FetchRequest = StreamHouse.Rpc.V1.FetchRequest;

namespace StreamHouse.Server.Grpc.Consuming;

/// <summary>Serves <c>streamhouse.v1.ConsumerService</c>.</summary>
internal sealed class ConsumerService(IBroker broker, BrokerMetrics metrics, TimeProvider clock, ConsumeOptions options)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(ConsumerRpc.ServeFetch, FetchAsync);
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, SubscribeAsync);
    }

    private async ValueTask<OutgoingFetch> FetchAsync(FetchRequest request, RpcContext context)
    {
        long arrived = clock.GetTimestamp();
        ThrowIfNegative(request.MaxBytes, "max_bytes");
        ThrowIfNegative(request.MinBytes, "min_bytes");
        ThrowIfNegative(request.MaxWaitMs, "max_wait_ms");
        TopicDescription topic = broker.Require(request.Topic, request.TopicId);
        int bytesMax = BytesMax(request.MaxBytes);
        FetchPartition partition = new(new TopicPartition(topic.Id, request.Partition), request.Offset, bytesMax);
        TimeSpan wait = TimeSpan.FromMilliseconds(request.MaxWaitMs);
        FetchResult result = await ReadAsync(
            new Broker.Partitions.FetchRequest([partition], Math.Min(request.MinBytes, bytesMax), bytesMax, wait < options.WaitMax ? wait : options.WaitMax)
            {
                Consistency = ConsistencyLevels.FromWire(request.Consistency),
            },
            context);
        // The answer is written after this method: the buffers go back when the request is over.
        context.Http.Response.RegisterForDispose(result);
        PartitionFetch fetched = result.Partitions[0];
        metrics.FetchAnswered(FrontEnd.Grpc, fetched.Error, clock.GetElapsedTime(arrived));
        return fetched.Error == BrokerErrorCode.None
            ? new OutgoingFetch(
                fetched.HighWatermark, fetched.LogStartOffset, fetched.LogEndOffset, fetched.LeaderEpoch, new FetchedSlices(fetched.Slices),
                request.Consistency)
            : throw ErrorOf(fetched, topic.Name).ToException();
    }

    private async Task SubscribeAsync(SubscribeRequest request, RpcResponses<OutgoingDelivery> responses, RpcContext context)
    {
        ThrowIfNegative(request.MaxBytes, "max_bytes");
        ThrowIfNegative(request.HeartbeatMs, "heartbeat_ms");
        TopicDescription topic = broker.Require(request.Topic, request.TopicId);
        TimeSpan heartbeat = request.HeartbeatMs == 0 ? options.HeartbeatInterval : TimeSpan.FromMilliseconds(Math.Max(request.HeartbeatMs, 10));
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, context.Stopping);
        metrics.ConnectionOpened(FrontEnd.Grpc);
        try
        {
            Subscription subscription = new(broker, metrics, clock, topic, BytesMax(request.MaxBytes), heartbeat, responses);
            await subscription.RunAsync(request, end.Token);
        }
        catch (OperationCanceledException) when (EndedByServer(context))
        {
            throw ShuttingDown();
        }
        finally
        {
            metrics.ConnectionClosed(FrontEnd.Grpc);
        }
    }

    /// <summary>The typed detail of a partition that could not be read.</summary>
    public static ErrorDetail ErrorOf(PartitionFetch fetched, string topic)
    {
        ErrorDetail detail = BrokerErrors.Detail(fetched.Error, fetched.Message, topic, fetched.Partition.Partition);
        if (fetched.Error == BrokerErrorCode.OffsetOutOfRange)
        {
            detail.LogStartOffset = fetched.LogStartOffset;
            detail.HighWatermark = fetched.HighWatermark;
        }
        return detail;
    }

    private async ValueTask<FetchResult> ReadAsync(Broker.Partitions.FetchRequest request, RpcContext context)
    {
        if (request.WaitMax == TimeSpan.Zero && request.Consistency == Broker.Partitions.ReadConsistency.Strong)
        {
            return await broker.FetchAsync(request, context.Aborted);
        }
        // A read that waits for data, or for the metadata, must not hold up a server that stops.
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, context.Stopping);
        try
        {
            return await broker.FetchAsync(request, end.Token);
        }
        catch (OperationCanceledException) when (EndedByServer(context))
        {
            throw ShuttingDown();
        }
    }

    private static bool EndedByServer(RpcContext context) => context.Stopping.IsCancellationRequested && !context.Aborted.IsCancellationRequested;

    private static BrokerException ShuttingDown() => new(BrokerErrorCode.ShuttingDown, "The server is shutting down; ask its successor.");

    private int BytesMax(int asked) => asked == 0 ? options.BytesDefault : Math.Min(asked, options.BytesMax);

    private static void ThrowIfNegative(int value, string field)
    {
        if (value < 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"{field} is {value}; it must not be negative.");
        }
    }
}
