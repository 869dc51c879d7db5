using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Records;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Reads ahead in the partitions of one topic through one subscription. Every jump, pause or broken stream opens a new subscription at the offset after
/// the last message taken, so nothing is read twice or left out.
/// </summary>
internal sealed class TopicReader : IAsyncDisposable
{
    private const int SilenceFactor = 3;

    private readonly string _topic;
    private readonly PartitionCursors _cursors;
    private readonly IClientTransport _transport;
    private readonly StartResolver _resolver;
    private readonly ConsumerOptions _options;
    private readonly PrefetchQueue _queue;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Backoff _backoff;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isClosing;

    public TopicReader(
        string topic, IClientTransport transport, Admin admin, ConsumerOptions options, PrefetchQueue queue, TimeProvider clock, Random random, ILogger log)
    {
        _topic = topic;
        _cursors = new PartitionCursors(topic);
        _transport = transport;
        _options = options;
        _queue = queue;
        _clock = clock;
        _log = log;
        _backoff = new Backoff(options.Retry, random);
        _resolver = new StartResolver(topic, admin, options);
    }

    /// <summary>What it reads.</summary>
    public PartitionCursors Cursors => _cursors;

    /// <summary>Begins to read.</summary>
    public void Start() => _ = RunAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        _cursors.TryAgain();
        await _finished.Task;
        _cursors.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_isClosing)
        {
            CancellationToken interrupt = _cursors.Interrupt;
            try
            {
                await ReadAsync(interrupt);
            }
            catch (OperationCanceledException)
            {
                // Something changed: look again.
            }
            catch (StreamHouseException e)
            {
                await HandleAsync(e, interrupt);
            }
        }
        _finished.TrySetResult();
    }

    private async Task HandleAsync(StreamHouseException error, CancellationToken interrupt)
    {
        try
        {
            if (error.IsRetriable)
            {
                TimeSpan delay = _backoff.Next();
                Log.Reconnecting(_log, _topic, delay.TotalMilliseconds, error.Message);
                await Task.Delay(delay, _clock, interrupt);
                return;
            }
            _queue.Add(new Prefetched(_cursors, null, 0, 0, null, error));

            // Rests until the user has been told, or assigns or seeks.
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, interrupt);
        }
        catch (OperationCanceledException)
        {
            // Something changed: look again.
        }
    }

    private async Task ReadAsync(CancellationToken interrupt)
    {
        await LookForPartitionsAsync(interrupt);
        await _resolver.ResolveAsync(_cursors.Unresolved(), _cursors.TryResolve, interrupt);
        if (NewRequest(out int changes) is not { } request)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, interrupt);
            return;
        }
        using CancellationTokenSource silence = new(Timeout.InfiniteTimeSpan, _clock);
        using CancellationTokenRegistration interrupted =
            interrupt.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), silence);
        await using IDeliveryStream stream = _transport.Subscribe(request);
        while (true)
        {
            await _queue.RoomAsync(interrupt);
            Delivery delivery = await ReadOneAsync(stream, silence, interrupt);
            if (!Accept(delivery, changes) || await LookForPartitionsAsync(interrupt))
            {
                return;
            }
            _backoff.Reset();
        }
    }

    private async Task<Delivery> ReadOneAsync(IDeliveryStream stream, CancellationTokenSource silence, CancellationToken interrupt)
    {
        silence.CancelAfter(SilenceFactor * _options.HeartbeatInterval);
        try
        {
            Delivery? delivery = await stream.ReadAsync(silence.Token);
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            return delivery
                ?? throw new StreamHouseException(StreamHouseErrorCode.Unavailable, "The server ended the subscription.", isRetriable: true);
        }
        catch (OperationCanceledException e) when (!interrupt.IsCancellationRequested)
        {
            throw new StreamHouseException(
                StreamHouseErrorCode.TimedOut, "The server sent neither records nor heartbeats.", isRetriable: true, inner: e);
        }
    }

    /// <returns>Whether there are new ones.</returns>
    private async Task<bool> LookForPartitionsAsync(CancellationToken ct) =>
        _cursors.MustLook(_options.MetadataAgeMax, _clock, out ConsumerStart start)
        && _cursors.AddMissing(await _resolver.PartitionsAsync(ct), start, _clock.GetTimestamp());

    private SubscribeRequest? NewRequest(out int changes)
    {
        SubscribeRequest request = new()
        {
            Topic = _topic,
            MaxBytes = _options.FetchBytesMax,
            HeartbeatMs = (int)_options.HeartbeatInterval.TotalMilliseconds,
        };
        changes = _cursors.Fill(request);
        return request.Partitions.Count > 0 ? request : null;
    }

    /// <returns>Whether the subscription still gives what is wanted.</returns>
    private bool Accept(Delivery delivery, int changes)
    {
        if (!delivery.IsHeartbeat)
        {
            if ((delivery.Error ?? (_options.CheckCrc ? Check(delivery) : null)) is { } error)
            {
                delivery.Dispose();
                Fail(delivery.Partition, changes, error);
                return false;
            }
            if (_cursors.TryTake(delivery.Partition, changes, delivery.NextOffset) is { } taken)
            {
                _queue.Add(new Prefetched(_cursors, taken.Cursor, taken.Version, taken.From, delivery, null));
                return true;
            }
        }
        delivery.Dispose();
        return _cursors.IsCurrent(changes);
    }

    private void Fail(int partition, int changes, StreamHouseException error)
    {
        ConsumerStart? reset = error.Code != StreamHouseErrorCode.OffsetOutOfRange ? null : _options.OffsetReset switch
        {
            OffsetReset.Earliest => ConsumerStart.Earliest,
            OffsetReset.Latest => ConsumerStart.Latest,
            _ => null,
        };
        if (_cursors.TryFail(partition, changes, reset, rests: reset is null && !error.IsRetriable) is not { } failed)
        {
            return;
        }
        if (reset is not null)
        {
            Log.Reset(_log, _topic, partition, failed.From, _options.OffsetReset);
            throw new StreamHouseException(error.Code, error.Message, isRetriable: true, inner: error);
        }
        if (error.IsRetriable)
        {
            throw error;
        }
        _queue.Add(new Prefetched(_cursors, failed.Cursor, failed.Version, failed.From, null, error));
    }

    private StreamHouseException? Check(Delivery delivery)
    {
        RecordBatchWalker batches = new(delivery.Batches.Span);
        while (batches.Read())
        {
            if (batches.Current.ComputeCrc() != batches.Current.Crc)
            {
                return Damaged(delivery.Partition, batches.Current.BaseOffset, RecordBatchError.CorruptCrc);
            }
        }
        return batches.Error == RecordBatchError.None ? null : Damaged(delivery.Partition, delivery.NextOffset, batches.Error);
    }

    private StreamHouseException Damaged(int partition, long offset, RecordBatchError error) => new(
        StreamHouseErrorCode.CorruptBatch, $"{_topic}/{partition} near offset {offset}: {RecordFormatException.Describe(error)}")
    {
        Topic = _topic,
        Partition = partition,
    };
}
