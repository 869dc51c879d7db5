using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// The one writer of a led partition. Assigns offsets, hands batches to the durability stage and shows them to readers once they are
/// durable. Everything happens under one lock, in short synchronous steps: that is its one thread of control. Here are appends; what reads it
/// and what moves it into objects are beside.
/// </summary>
internal sealed partial class PartitionWriter
{
    private readonly PartitionServices _services;
    private readonly Lock _lock = new();
    private readonly PartitionLog _log;
    private readonly AppendQueue _queue;
    private readonly PartitionProducers _producers;
    private readonly AppendSequencer _sequencer;
    private readonly TieredWaiters _tieredWaiters = new();
    private TopicConfig _config;
    private AppendResult? _closed;
    private bool _watched;

    /// <param name="topic">The topic.</param>
    /// <param name="lease">The lease held on the partition.</param>
    /// <param name="recovered">Batches recovered from the node log, in offset order; each passes on a reference.</param>
    /// <param name="services">What partitions share.</param>
    public PartitionWriter(TopicDescription topic, Lease lease, IReadOnlyList<RecoveredBatch> recovered, PartitionServices services)
    {
        _services = services;
        Partition = lease.Partition;
        Topic = topic.Name;
        Durability = topic.Durability;
        Epoch = lease.Epoch;
        Holder = lease.Holder ?? Guid.Empty;
        Group = lease.GroupId;
        _config = topic.Config;
        _queue = new AppendQueue(this, services.Memory, services.AppendTimeouts, services.Clock);
        _log = new PartitionLog(lease.Partition, lease.Epoch, lease.LogStartOffset, lease.EndOffset, services.Memory);
        foreach (RecoveredBatch batch in recovered)
        {
            long maxTimestamp = new RecordBatchView(batch.Batch.Span).MaxTimestamp;
            _log.Add(new TailBatch(batch.BaseOffset, batch.Count, batch.Epoch, maxTimestamp, batch.Batch));
        }
        _log.Show(_log.End, 0);
        _producers = new PartitionProducers(services.Memory.Options.ProducersPerPartitionMax, loaded: lease.EndOffset == 0);
        if (_producers.Loaded)
        {
            _producers.Replay(_log.Tail, NowMs);
        }
        _sequencer = new AppendSequencer(this, _log, _producers, services);
    }

    /// <summary>Which partition.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The topic's name.</summary>
    public string Topic { get; }

    /// <summary>What makes a batch durable.</summary>
    public Durability Durability { get; }

    /// <summary>The lease epoch.</summary>
    public long Epoch { get; }

    /// <summary>The incarnation that holds the lease.</summary>
    public Guid Holder { get; }

    /// <summary>Its number in the node log.</summary>
    public long Group { get; }

    /// <summary>Called with the bytes that have become ready to be uploaded. Must be short.</summary>
    public required Action<PartitionWriter, int> ReadyForUpload { get; init; }

    /// <summary>False once <see cref="Close"/> was called.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _closed is null;
            }
        }
    }

    /// <summary>The topic's settings.</summary>
    public TopicConfig Config
    {
        get => Volatile.Read(ref _config);
        set => Volatile.Write(ref _config, value);
    }

    // A partition that is closed for other reasons has no new data, but what it has may be read.
    private bool IsUnreadable => _closed is { Error: BrokerErrorCode.UnknownTopic or BrokerErrorCode.Fenced or BrokerErrorCode.NotLeader };

    // Why nothing may be read or sequenced here now.
    private AppendResult? Refusal => IsUnreadable ? _closed
        : _services.LeasesAreSure() ? null
        : AppendResult.Refused(BrokerErrorCode.NotLeader, "This process has not renewed its session in time: another may lead the partition.");

    private long NowMs => _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>See <see cref="IBroker.Append"/>.</summary>
    public Task<AppendResult> Append(in AppendRequest request)
    {
        (BrokerErrorCode error, string? message) = _services.Validator.Check(request.Batch.Span, Config);
        if (error != BrokerErrorCode.None)
        {
            _services.Metrics.BatchRefused(error);
            return Task.FromResult(AppendResult.Refused(error, message!));
        }
        if (_services.Admission.RefuseSize(Durability, request.Batch.Length) is { } tooLarge)
        {
            _services.Metrics.BatchRefused(tooLarge.Error);
            return Task.FromResult(tooLarge);
        }
        Task<AppendResult>? answer;
        lock (_lock)
        {
            if (_queue.IsEmpty && TrySequence(request, out answer))
            {
                if (_producers.LoadRequested && _producers.StartLoading())
                {
                    _ = LoadProducersForQueueAsync();
                }
                return answer;
            }
            answer = _queue.TryAdd(request);
        }
        if (answer is null)
        {
            AppendResult refusal = _services.Admission.RefuseWaiting("Too many bytes wait to be written");
            _services.Metrics.BatchRefused(refusal.Error);
            return Task.FromResult(refusal);
        }
        SequenceWaiting();
        return answer;
    }

    /// <summary>Space this partition waited for has been freed.</summary>
    public void OnSpaceFreed()
    {
        lock (_lock)
        {
            _queue.SpaceFreed();
        }
        SequenceWaiting();
    }

    /// <summary>The oldest append that was watched has waited as long as it may.</summary>
    public void OnWaitOver()
    {
        lock (_lock)
        {
            _watched = false;
            string what = _producers.LoadRequested ? "The state of the partition's producers was not read" : "No space was found for the batch";
            AppendResult refusal = _services.Admission.RefuseWaiting($"{what} within {_services.AppendTimeouts.WaitMax.TotalSeconds:0.#} s");
            for (int refused = _queue.RefuseOverdue(refusal); refused > 0; refused--)
            {
                _services.Metrics.BatchRefused(refusal.Error);
            }
            if (Durability == Durability.Object && _services.Admission.RefuseUnstored() is { } unstored)
            {
                _sequencer.AnswerOverdue(unstored);
            }
            if (Durability == Durability.Object && _sequencer.OwesAnswers)
            {
                Watch(_services.Clock.GetTimestamp());
            }
        }
        SequenceWaiting();
    }

    /// <summary>Asks for <see cref="OnWaitOver"/> when the time of an append is up that has waited since then. Under the partition's lock.</summary>
    public void Watch(long since)
    {
        if (!_watched)
        {
            _watched = true;
            _services.AppendTimeouts.Watch(this, since);
        }
    }

    /// <summary>The node log has synced a batch.</summary>
    public void OnLogged(PendingAppend append)
    {
        lock (_lock)
        {
            if (_closed is not null || !_sequencer.TryComplete(append))
            {
                return;
            }
        }
        append.Acknowledge();
        ReadyForUpload(this, append.Batch.Length);
    }

    /// <summary>
    /// Ends the partition: what waits is refused with <paramref name="error"/>, what comes later too. Used when the lease is lost, the
    /// topic deleted, or storage has failed.
    /// </summary>
    public void Close(BrokerErrorCode error, string message)
    {
        List<PendingAppend> failed;
        AppendResult refusal = AppendResult.Refused(error, message);
        lock (_lock)
        {
            if (_closed is not null)
            {
                return;
            }
            _closed = refusal;
            failed = _sequencer.GiveUp();
            _queue.RefuseAll(refusal);
            _log.WakeReaders();
            _tieredWaiters.FailAll(error, message);
            if (IsUnreadable)
            {
                _log.Tail.Clear();
            }
        }
        foreach (PendingAppend append in failed)
        {
            append.Refuse(refusal);
        }
    }

    // Returns false when the batch has to wait; else the answer, which may be a refusal. The caller may be the node log's thread or the
    // uploader, which must not hear of a fault in one append.
    private bool TrySequence(in AppendRequest request, out Task<AppendResult> answer)
    {
        if ((_closed ?? Refusal) is { } closed)
        {
            answer = Task.FromResult(closed);
            return true;
        }
        if (_producers.Damage is { } damage)
        {
            _producers.RequestReload(_log.Tail, NowMs);
            _services.Metrics.BatchRefused(damage.Error);
            answer = Task.FromResult(damage);
            return true;
        }
        long end = _log.End;
        try
        {
            return _sequencer.TryAppend(request, out answer);
        }
        catch (Exception e)
        {
            Log.AppendFaulted(_services.Logger, Topic, Partition.Partition, e);
            string message = $"A fault in the server: {e.Message}";
            if (_log.End != end)
            {
                // An offset is never given to other bytes under the same epoch.
                Close(BrokerErrorCode.Internal, message);
            }
            answer = Task.FromResult(AppendResult.Refused(BrokerErrorCode.Internal, message));
            return true;
        }
    }

    private void SequenceWaiting()
    {
        bool load;
        lock (_lock)
        {
            // Twice: space that was freed between the first attempt and the registration for a wake-up has no one else to use it.
            SequenceQueue();
            if (!_queue.IsEmpty && !_producers.LoadRequested)
            {
                _queue.AwaitSpace();
                SequenceQueue();
            }
            if (_queue.WaitingSince is { } since)
            {
                Watch(since);
            }
            load = _producers.StartLoading();
        }
        if (load)
        {
            _ = LoadProducersForQueueAsync();
        }
    }

    private void SequenceQueue()
    {
        while (_queue.TryPeek(out AppendRequest next) && TrySequence(next, out Task<AppendResult> answer))
        {
            if (_closed is not null)
            {
                return; // by this append: the queue is refused already
            }
            _queue.RemoveFirst(answer);
        }
    }

    private async Task LoadProducersForQueueAsync()
    {
        try
        {
            await EnsureProducersLoadedAsync(CancellationToken.None);
        }
        catch (BrokerException e)
        {
            lock (_lock)
            {
                _producers.LoadFailed();
                _queue.RefuseAll(AppendResult.Refused(e.Code, e.Message));
            }
        }
        SequenceWaiting();
    }
}
