using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;
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

    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, PartitionCursor> _cursors = [];
    private readonly string _topic;
    private readonly IClientTransport _transport;
    private readonly StartResolver _resolver;
    private readonly ConsumerOptions _options;
    private readonly PrefetchQueue _queue;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Backoff _backoff;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Set when all partitions are read, also those that come later.
    private ConsumerStart? _startOfAll;
    private long? _partitionsKnownAt;
    private CancellationTokenSource _interrupt = new();
    private int _changes;
    private volatile bool _isClosing;

    public TopicReader(
        string topic, IClientTransport transport, Admin admin, ConsumerOptions options, PrefetchQueue queue, TimeProvider clock, Random random, ILogger log)
    {
        _topic = topic;
        _transport = transport;
        _options = options;
        _queue = queue;
        _clock = clock;
        _log = log;
        _backoff = new Backoff(options.Retry, random);
        _resolver = new StartResolver(topic, admin, options);
    }

    public string Topic => _topic;

    /// <summary>Begins to read.</summary>
    public void Start() => _ = RunAsync();

    /// <summary>Reads all partitions, or those named; others are let go.</summary>
    public void Assign(ConsumerStart start, IReadOnlyCollection<int>? partitions) => Change(() =>
    {
        foreach (PartitionCursor cursor in _cursors.Values)
        {
            cursor.Jump(start);
        }
        _cursors.Clear();
        _startOfAll = partitions is null ? start : null;
        _partitionsKnownAt = null;
        foreach (int partition in partitions ?? [])
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Reads further partitions.</summary>
    public void Add(IEnumerable<int> partitions, ConsumerStart start) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Hands out nothing of partitions any more; their positions stay until they are removed.</summary>
    public void Cut(IEnumerable<int> partitions) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            if (_cursors.TryGetValue(partition, out PartitionCursor? cursor))
            {
                cursor.Cut();
            }
        }
    });

    /// <summary>Forgets partitions.</summary>
    public void Remove(IEnumerable<int> partitions) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            _cursors.Remove(partition);
        }
    });

    /// <summary>Whether a partition is read.</summary>
    public bool Has(int partition)
    {
        lock (_gate)
        {
            return _cursors.ContainsKey(partition);
        }
    }

    /// <summary>Goes elsewhere in a partition, which is read from now on if it was not.</summary>
    public void Seek(int partition, ConsumerStart start) => Change(() =>
    {
        if (_cursors.TryGetValue(partition, out PartitionCursor? cursor))
        {
            cursor.Jump(start);
        }
        else
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Stops or goes on reading partitions; null for all.</summary>
    public void SetPaused(IReadOnlyCollection<int>? partitions, bool isPaused) => Change(() =>
    {
        foreach (PartitionCursor cursor in _cursors.Values)
        {
            if (cursor.IsPaused != isPaused && (partitions is null || partitions.Contains(cursor.Partition)))
            {
                cursor.IsPaused = isPaused;
                cursor.Rewind();
            }
        }
    });

    /// <summary>The next offset the user gets, or null while that is not known.</summary>
    public long? Position(int partition)
    {
        lock (_gate)
        {
            return _cursors.TryGetValue(partition, out PartitionCursor? cursor) ? cursor.Position : null;
        }
    }

    /// <summary>Positions that are not committed yet.</summary>
    /// <param name="doneOnly">Whether what the user has in hand is left out.</param>
    /// <param name="found">Gets them.</param>
    public void Uncommitted(bool doneOnly, List<OffsetToCommit> found)
    {
        lock (_gate)
        {
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if ((doneOnly ? cursor.Done : cursor.Position) is { } position && position != cursor.Committed)
                {
                    found.Add(new OffsetToCommit(new TopicPartition(_topic, cursor.Partition), position, offset => cursor.Committed = offset));
                }
            }
        }
    }

    /// <summary>The user has asked for more, and so is done with what it had of a partition.</summary>
    public void Finish(PartitionCursor cursor, long position)
    {
        lock (_gate)
        {
            // Not when it has jumped in between.
            if (cursor.Position == position)
            {
                cursor.Finish();
            }
        }
    }

    /// <summary>Moves the user's position; false when the partition has jumped since, so that the user must not get this.</summary>
    public bool TryAdvance(PartitionCursor cursor, int version, long position)
    {
        lock (_gate)
        {
            if (cursor.Version != version)
            {
                return false;
            }
            cursor.Position = position;
            return true;
        }
    }

    /// <summary>Forgets what was read ahead in a partition.</summary>
    public void Rewind(PartitionCursor cursor) => Change(cursor.Rewind);

    /// <summary>The user has been told of a failure of the topic: it is tried again.</summary>
    public void TryAgain() => Change(static () => { });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        TryAgain();
        await _finished.Task;
        _interrupt.Dispose();
    }

    private void AddLocked(int partition, ConsumerStart start)
    {
        PartitionCursor cursor = new(partition, start);
        cursor.Jump(start);
        _cursors.Add(partition, cursor);
    }

    private void Change(Action change)
    {
        CancellationTokenSource interrupted;
        lock (_gate)
        {
            change();
            _changes++;
            interrupted = _interrupt;
            _interrupt = new CancellationTokenSource();
        }
        interrupted.Cancel();
    }

    private async Task RunAsync()
    {
        while (!_isClosing)
        {
            CancellationToken interrupt;
            lock (_gate)
            {
                interrupt = _interrupt.Token;
            }
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
            _queue.Add(new Prefetched(this, null, 0, 0, null, error));

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
        await _resolver.ResolveAsync(Unresolved(), TryResolve, interrupt);
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
    private async Task<bool> LookForPartitionsAsync(CancellationToken ct)
    {
        ConsumerStart start;
        bool isFirst;
        lock (_gate)
        {
            if (_startOfAll is not { } all
                || (_partitionsKnownAt is { } known && _clock.GetElapsedTime(known) < _options.MetadataAgeMax))
            {
                return false;
            }
            isFirst = _partitionsKnownAt is null;

            // A partition that is new to a running consumer is read from its beginning: its records came after the consumer did.
            start = isFirst || all.Kind == ConsumerStart.StartKind.Committed ? all : ConsumerStart.Earliest;
        }
        int count = await _resolver.PartitionsAsync(ct);
        lock (_gate)
        {
            bool any = false;
            for (int partition = 0; partition < count; partition++)
            {
                if (!_cursors.ContainsKey(partition))
                {
                    AddLocked(partition, start);
                    any = true;
                }
            }
            _partitionsKnownAt = _clock.GetTimestamp();
            return any;
        }
    }

    private List<(PartitionCursor Cursor, int Version, ConsumerStart Start)> Unresolved()
    {
        lock (_gate)
        {
            List<(PartitionCursor, int, ConsumerStart)> found = [];
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if (cursor.Fetched is null && !cursor.IsFailed && !cursor.IsCut)
                {
                    found.Add((cursor, cursor.Version, cursor.Start));
                }
            }
            return found;
        }
    }

    private void TryResolve(PartitionCursor cursor, int version, long offset)
    {
        lock (_gate)
        {
            if (cursor.Version == version)
            {
                cursor.Resolve(offset);
            }
        }
    }

    private SubscribeRequest? NewRequest(out int changes)
    {
        SubscribeRequest request = new()
        {
            Topic = _topic,
            MaxBytes = _options.FetchBytesMax,
            HeartbeatMs = (int)_options.HeartbeatInterval.TotalMilliseconds,
        };
        lock (_gate)
        {
            changes = _changes;
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if (cursor.IsActive && cursor.Fetched is { } offset)
                {
                    request.Partitions.Add(new PartitionStart
                    {
                        Partition = cursor.Partition,
                        Start = new StartPosition { Kind = StartPosition.Types.Kind.Offset, Offset = offset },
                    });
                }
            }
        }
        return request.Partitions.Count > 0 ? request : null;
    }

    /// <returns>Whether the subscription still gives what is wanted.</returns>
    private bool Accept(Delivery delivery, int changes)
    {
        if (delivery.IsHeartbeat)
        {
            delivery.Dispose();
            return true;
        }
        StreamHouseException? damage = delivery.Error is null && _options.CheckCrc ? Check(delivery) : null;
        lock (_gate)
        {
            if (changes != _changes || !_cursors.TryGetValue(delivery.Partition, out PartitionCursor? cursor) || cursor.Fetched is not { } from)
            {
                delivery.Dispose();
                return changes == _changes;
            }
            if ((delivery.Error ?? damage) is { } error)
            {
                delivery.Dispose();
                FailLocked(cursor, from, error);
                return false;
            }
            if (delivery.NextOffset <= from)
            {
                delivery.Dispose();
                return true;
            }
            cursor.Fetched = delivery.NextOffset;
            _queue.Add(new Prefetched(this, cursor, cursor.Version, from, delivery, null));
            return true;
        }
    }

    private void FailLocked(PartitionCursor cursor, long offset, StreamHouseException error)
    {
        if (error.Code == StreamHouseErrorCode.OffsetOutOfRange && _options.OffsetReset != OffsetReset.Fail)
        {
            Log.Reset(_log, _topic, cursor.Partition, offset, _options.OffsetReset);
            cursor.Reset(_options.OffsetReset == OffsetReset.Earliest ? ConsumerStart.Earliest : ConsumerStart.Latest);
            throw new StreamHouseException(error.Code, error.Message, isRetriable: true, inner: error);
        }
        if (error.IsRetriable)
        {
            throw error;
        }
        cursor.IsFailed = true;
        _queue.Add(new Prefetched(this, cursor, cursor.Version, offset, null, error));
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
