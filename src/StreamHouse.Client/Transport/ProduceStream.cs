using System.Threading.Channels;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;

namespace StreamHouse.Client.Transport;

/// <summary>
/// One call of <c>ProduceStream</c>, from its first batch until it breaks or has been idle for a while. Answers come in the order of the batches.
/// </summary>
internal sealed class ProduceStream(GrpcTransport transport, string topic, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>Batches that wait together go out in one write up to this size.</summary>
    private const int WriteBytesMax = 256 * 1024;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Channel<Pending> _outgoing = Channel.CreateUnbounded<Pending>(new() { SingleReader = true });
    private readonly Queue<Pending> _pending = new();
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StreamHouseException? _cutReason;
    private ulong _correlation;
    private long _lastUsedAt = clock.GetTimestamp();
    private bool _isEnded;

    /// <summary>Begins the call. Batches may be sent before.</summary>
    public void Start() => _ = RunAsync();

    /// <summary>Sends a batch, or returns null when the stream has ended.</summary>
    public Task<ProduceOutcome>? TrySend(in ProduceCall call)
    {
        Pending pending;
        lock (_gate)
        {
            if (_isEnded)
            {
                return null;
            }
            _lastUsedAt = clock.GetTimestamp();
            pending = new Pending(++_correlation, call, _lastUsedAt);
            _pending.Enqueue(pending);

            // Under the lock: the order of answers is the order on the wire.
            _outgoing.Writer.TryWrite(pending);
        }
        return pending.Answer.Task;
    }

    /// <summary>Ends the call; what is not answered fails.</summary>
    public async ValueTask DisposeAsync()
    {
        Cut(new StreamHouseException(StreamHouseErrorCode.Unavailable, "The client was closed.", isRetriable: false, isOutcomeUnknown: true));
        await _finished.Task;
        _cut.Dispose();
    }

    private async Task RunAsync()
    {
        RpcChannel channel = transport.NextChannel(out int address);
        DuplexCall<OutgoingProduce, ProduceReply> call = channel.Duplex(ProducerRpc.ProduceStream, default, _cut.Token);
        Task writing = WriteAsync(call);
        Task watching = WatchAsync();
        StreamHouseException error;
        try
        {
            error = await ReadAsync(call);
        }
        catch (RpcException e)
        {
            error = transport.Failed(e, address);
        }
        catch (OperationCanceledException e)
        {
            error = new StreamHouseException(StreamHouseErrorCode.Unavailable, "The stream was cut.", true, true, e);
        }
        lock (_gate)
        {
            _isEnded = true;
            error = _cutReason ?? error;
        }
        transport.Forget(topic, this);
        _outgoing.Writer.TryComplete();
        _cut.Cancel();
        await writing;
        await watching;
        await call.DisposeAsync();

        // Only now, when nothing reads the batches' memory any more.
        FailPending(error);
        _finished.TrySetResult();
    }

    private async Task WriteAsync(DuplexCall<OutgoingProduce, ProduceReply> call)
    {
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_cut.Token))
            {
                while (_outgoing.Reader.TryRead(out Pending? next))
                {
                    next.IsWritten = true;
                    call.Enqueue(new OutgoingProduce(next.Correlation, next.Call.Topic, next.Call.Partition, next.Call.Acks, next.Call.Batch));
                    if (call.PendingBytes >= WriteBytesMax)
                    {
                        await call.FlushAsync();
                    }
                }
                await call.FlushAsync();
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // The reader learns why.
        }
    }

    /// <returns>Why the stream is over although nothing failed.</returns>
    private async Task<StreamHouseException> ReadAsync(DuplexCall<OutgoingProduce, ProduceReply> call)
    {
        while (await call.MoveNextAsync())
        {
            ProduceReply reply = call.Current;
            Pending? answered;
            lock (_gate)
            {
                _pending.TryPeek(out answered);
                if (answered is null || answered.Correlation != reply.Correlation)
                {
                    return new StreamHouseException(
                        StreamHouseErrorCode.Protocol, $"The server answered request {reply.Correlation} out of turn.", true, true);
                }
                _pending.Dequeue();
            }
            answered.Answer.SetResult(reply.Error is { } error
                ? new ProduceOutcome(ErrorMapping.ToException(error))
                : new ProduceOutcome(null, reply.BaseOffset, reply.TimestampMs, reply.Durability));
        }
        return new StreamHouseException(StreamHouseErrorCode.Unavailable, "The server ended the stream.", true, true);
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, clock, _cut.Token);
                StreamHouseException? reason = null;
                lock (_gate)
                {
                    if (_pending.TryPeek(out Pending? oldest))
                    {
                        if (clock.GetElapsedTime(oldest.SentAt) >= oldest.Call.Timeout)
                        {
                            reason = new StreamHouseException(
                                StreamHouseErrorCode.TimedOut,
                                $"No answer for {oldest.Call.Topic}/{oldest.Call.Partition} within {oldest.Call.Timeout.TotalMilliseconds} ms.",
                                isRetriable: true,
                                isOutcomeUnknown: true);
                        }
                    }
                    else if (clock.GetElapsedTime(_lastUsedAt) >= IdleMax)
                    {
                        // The next batch opens a new stream.
                        _isEnded = true;
                        reason = new StreamHouseException(StreamHouseErrorCode.Unavailable, "The stream was idle.", true);
                    }
                }
                if (reason is not null)
                {
                    Cut(reason);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
    }

    private void Cut(StreamHouseException reason)
    {
        lock (_gate)
        {
            _isEnded = true;
            _cutReason ??= reason;
        }
        _cut.Cancel();
    }

    private void FailPending(StreamHouseException error)
    {
        while (true)
        {
            Pending? pending;
            lock (_gate)
            {
                if (!_pending.TryDequeue(out pending))
                {
                    return;
                }
            }
            pending.Answer.SetResult(new ProduceOutcome(
                pending.IsWritten || !error.IsOutcomeUnknown
                    ? error
                    : new StreamHouseException(error.Code, error.Message, error.IsRetriable, isOutcomeUnknown: false, error)));
        }
    }

    private sealed class Pending(ulong correlation, in ProduceCall call, long sentAt)
    {
        public ulong Correlation => correlation;

        public ProduceCall Call { get; } = call;

        public long SentAt => sentAt;

        /// <summary>Whether any of it may have left.</summary>
        public bool IsWritten { get; set; }

        /// <summary>Continues on the reader itself: what waits there is the partition's producer, which is quick and wants answers in order.</summary>
        public TaskCompletionSource<ProduceOutcome> Answer { get; } = new();
    }
}
