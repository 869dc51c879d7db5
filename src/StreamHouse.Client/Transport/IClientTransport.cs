using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Transport;

/// <summary>
/// The way to the servers. Batching, ordering, retries and positions live above it and touch nothing else of the outside world, so that a
/// simulation can put its own network here. Failures are <see cref="StreamHouseException"/>s.
/// </summary>
internal interface IClientTransport : IAsyncDisposable
{
    /// <summary>One request, one answer; one attempt.</summary>
    Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new();

    /// <summary>
    /// Sends one batch; one attempt. It never blocks, and calls for one partition are sent in the order they were made. The task always
    /// ends, at the latest when the call's timeout has passed, and never fails; the batch's memory is not touched after it has ended.
    /// </summary>
    Task<ProduceOutcome> ProduceAsync(in ProduceCall call);

    /// <summary>Follows partitions of one topic from given offsets on; one attempt.</summary>
    IDeliveryStream Subscribe(SubscribeRequest request);
}

/// <summary>A batch on its way.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Acks">When to answer.</param>
/// <param name="Batch">One RecordBatch v2 with its producer id, epoch and sequence.</param>
/// <param name="Timeout">How long the answer may take.</param>
internal readonly record struct ProduceCall(string Topic, int Partition, Acks Acks, ReadOnlyMemory<byte> Batch, TimeSpan Timeout);

/// <summary>What became of a batch.</summary>
/// <param name="Error">Null when it was acknowledged.</param>
/// <param name="BaseOffset">Offset of its first record; the original's when it was a duplicate. -1 without acknowledgements.</param>
/// <param name="TimestampMs">The broker's timestamp where the topic uses it, else -1.</param>
/// <param name="Durability">How durable it was when acknowledged.</param>
internal readonly record struct ProduceOutcome(
    StreamHouseException? Error, long BaseOffset = -1, long TimestampMs = -1, DurabilityReached Durability = DurabilityReached.Eventual);

/// <summary>A subscription's messages. For one reader; disposing ends it.</summary>
internal interface IDeliveryStream : IAsyncDisposable
{
    /// <summary>The next message, which belongs to the caller. Null when the server has ended the stream.</summary>
    /// <exception cref="StreamHouseException">The stream broke.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled: the stream is of no more use.</exception>
    ValueTask<Delivery?> ReadAsync(CancellationToken ct);
}

/// <summary>One message of a subscription.</summary>
/// <param name="owner">Gives the memory of <see cref="Batches"/> back; null when nobody wants it.</param>
internal sealed class Delivery(IDisposable? owner) : IDisposable
{
    /// <summary>The partition.</summary>
    public int Partition { get; init; }

    /// <summary>Whether it only shows that the stream is alive.</summary>
    public bool IsHeartbeat { get; init; }

    /// <summary>Offset up to which records can be read, exclusive.</summary>
    public long HighWatermark { get; init; }

    /// <summary>Offset after the last record of this message.</summary>
    public long NextOffset { get; init; }

    /// <summary>Why the partition is no longer followed, or null.</summary>
    public StreamHouseException? Error { get; init; }

    /// <summary>Whole batches back to back; the first may begin below the offset asked for. Valid until disposed of.</summary>
    public ReadOnlyMemory<byte> Batches { get; init; }

    /// <inheritdoc/>
    public void Dispose() => owner?.Dispose();
}
