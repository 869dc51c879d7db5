using System.Diagnostics;
using StreamHouse.Client.Transport;
using StreamHouse.Records;

namespace StreamHouse.Client.Producers;

/// <summary>
/// Batches the records of one partition and sends the batches in order. With nothing in flight a record is sent at once; else records gather
/// until the batch is full, has lingered, or the answer comes. After a failure it lets everything in flight end, then sends what failed again,
/// in its old order with its old sequences (see <c>PartitionRecovery</c>).
/// </summary>
internal sealed class PartitionProducer
{
    private readonly Lock _gate = new();
    private readonly ProducerCore _core;
    private readonly TopicProducer _topic;
    private readonly int _partition;
    private readonly Queue<ProducerBatch> _ready = new();
    private readonly PartitionRecovery _recovery;

    // In sequence order. Each awaits an answer or, after a failure, recovery.
    private readonly List<ProducerBatch> _inFlight = [];
    private ProducerBatch? _open;
    private ProducerIdentity _identity;
    private int _nextSequence;
    private long _nextNumber;
    private int _sent;
    private int _finishing;
    private TaskCompletionSource? _finished;
    private bool _isLingering;
    private bool _isRecovering;

    // The sequence has a hole or the identity was refused: nothing can be sent under it any more.
    private bool _isBroken;

    // The server has acknowledged a batch of this identity. One that knows nothing of a producer takes whatever comes first, as Kafka does, so
    // until then one batch at a time is in flight: a second one over a new connection could overtake the first, whose turn would never come.
    private bool _isKnown;

    public PartitionProducer(ProducerCore core, TopicProducer topic, int partition, ProducerIdentity identity)
    {
        _core = core;
        _topic = topic;
        _partition = partition;
        _identity = identity;
        _recovery = new PartitionRecovery(core, topic, partition, this);
    }

    /// <summary>Adds a record; it is on its way when this returns.</summary>
    /// <returns>Whether a batch was closed, which is when keyless records move on.</returns>
    public bool Append(in NewRecord record)
    {
        PartitionWork work = default;
        bool closed = false;
        lock (_gate)
        {
            ProducerBatch open = OpenLocked();
            if (!open.TryAdd(record, _core.Options.BatchBytesMax))
            {
                _ready.Enqueue(open);
                _open = null;
                closed = true;
                open = OpenLocked();
                open.TryAdd(record, _core.Options.BatchBytesMax);
            }
            if (open.RecordCount >= _core.Options.BatchRecordsMax || open.SizeBytes >= _core.Options.BatchBytesMax)
            {
                _ready.Enqueue(open);
                _open = null;
                closed = true;
            }
            SendLocked(ref work);
            closed |= _open is null;
            if (_open is { IsDue: false } && !_isLingering)
            {
                work.StartsLinger = _isLingering = true;
            }
        }
        Do(work);
        return closed;
    }

    /// <summary>Sends what is there without lingering, and lists what has not ended.</summary>
    public void Flush(List<Task> outstanding)
    {
        PartitionWork work = default;
        lock (_gate)
        {
            if (_open is { } open)
            {
                _ready.Enqueue(open);
                _open = null;
            }
            SendLocked(ref work);
            foreach (ProducerBatch batch in _inFlight)
            {
                outstanding.Add(batch.Ended);
            }
            foreach (ProducerBatch batch in _ready)
            {
                outstanding.Add(batch.Ended);
            }
            if (_finishing > 0)
            {
                _finished ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                outstanding.Add(_finished.Task);
            }
        }
        Do(work);
    }

    /// <summary>Ends the batches that are past their delivery timeout, once nothing is in flight. Part of recovery.</summary>
    /// <returns>Whether anything is left to deliver.</returns>
    public bool Expire()
    {
        PartitionWork work = default;
        bool any;
        lock (_gate)
        {
            Debug.Assert(_sent == 0, "Recovery begins when all answers are there.");
            for (int i = 0; i < _inFlight.Count; i++)
            {
                if (RemainingLocked(_inFlight[i]) <= TimeSpan.Zero)
                {
                    ProducerBatch expired = _inFlight[i];
                    _inFlight.RemoveAt(i--);
                    _isBroken |= expired.Sequence is not null && _core.Options.Idempotent;
                    FinishLocked(ref work, expired, new ProduceOutcome(DeliveryErrors.TimedOut(_topic.Name, _partition, expired, _core.Options)));
                }
            }
            while (_ready.TryPeek(out ProducerBatch? first) && RemainingLocked(first) <= TimeSpan.Zero)
            {
                _ready.Dequeue();
                FinishLocked(ref work, first, new ProduceOutcome(DeliveryErrors.TimedOut(_topic.Name, _partition, first, _core.Options)));
            }
            if (_open is { } open && RemainingLocked(open) <= TimeSpan.Zero)
            {
                _open = null;
                FinishLocked(ref work, open, new ProduceOutcome(DeliveryErrors.TimedOut(_topic.Name, _partition, open, _core.Options)));
            }
            any = _inFlight.Count > 0 || _ready.Count > 0 || _open is not null;
        }
        Do(work);
        return any;
    }

    /// <summary>Ends every batch with one error. Part of recovery.</summary>
    public void FailAll(StreamHouseException error)
    {
        PartitionWork work = default;
        lock (_gate)
        {
            _isBroken |= _inFlight.Count > 0 && _core.Options.Idempotent;
            foreach (ProducerBatch batch in _inFlight)
            {
                FinishLocked(ref work, batch, new ProduceOutcome(error));
            }
            _inFlight.Clear();
            while (_ready.TryDequeue(out ProducerBatch? batch))
            {
                FinishLocked(ref work, batch, new ProduceOutcome(error));
            }
            if (_open is { } open)
            {
                _open = null;
                FinishLocked(ref work, open, new ProduceOutcome(error));
            }
        }
        Do(work);
    }

    /// <summary>
    /// Takes a new identity after a hole in the sequence. What may be in the log under the old one cannot be sent under the new one, where the
    /// server would not know it again: it fails. Part of recovery.
    /// </summary>
    public void Renew(ProducerIdentity identity)
    {
        PartitionWork work = default;
        lock (_gate)
        {
            _identity = identity;
            _nextSequence = 0;
            _isBroken = false;
            _isKnown = false;
            for (int i = 0; i < _inFlight.Count; i++)
            {
                ProducerBatch batch = _inFlight[i];
                batch.Sequence = null;
                if (batch.MayBeAppended)
                {
                    _inFlight.RemoveAt(i--);
                    FinishLocked(ref work, batch, new ProduceOutcome(DeliveryErrors.Unresolved(_topic.Name, _partition, batch)));
                }
            }
        }
        Do(work);
    }

    /// <summary>Sends again what failed, then what waits. The end of recovery.</summary>
    public void Resume()
    {
        PartitionWork work = default;
        lock (_gate)
        {
            _isRecovering = false;
            ProducerBatch[] again = [.. _inFlight];
            _inFlight.Clear();
            int now = MayPipelineLocked ? again.Length : Math.Min(again.Length, 1);
            foreach (ProducerBatch batch in again.AsSpan(0, now))
            {
                StartLocked(batch, ref work);
            }
            PutBackLocked(again.AsSpan(now));
            SendLocked(ref work);
            if (_open is { IsDue: false } && !_isLingering)
            {
                work.StartsLinger = _isLingering = true;
            }
        }
        Do(work);
    }

    /// <summary>What recovery has to deal with.</summary>
    public (bool IsBroken, int Batches, StreamHouseException? LastError) Look()
    {
        lock (_gate)
        {
            return (_isBroken, _inFlight.Count, _inFlight.Count > 0 ? _inFlight[0].LastError : null);
        }
    }

    private ProducerBatch OpenLocked()
    {
        if (_open is null)
        {
            _open = _core.RentBatch();
            _open.IsDue = _core.Options.Linger == TimeSpan.Zero;
        }
        return _open;
    }

    private void SendLocked(ref PartitionWork work)
    {
        if (_isBroken && !_isRecovering && _sent == 0 && (_inFlight.Count > 0 || _ready.Count > 0 || _open is not null))
        {
            work.StartsRecovery = _isRecovering = true;
        }
        while (!_isRecovering && !_isBroken && _sent == _inFlight.Count && HasRoomLocked())
        {
            if (_ready.TryDequeue(out ProducerBatch? batch))
            {
                StartLocked(batch, ref work);
            }
            else if (_open is { } open && (_sent == 0 || open.IsDue))
            {
                _open = null;
                StartLocked(open, ref work);
            }
            else
            {
                return;
            }
        }
    }

    private void PutBackLocked(ReadOnlySpan<ProducerBatch> first)
    {
        if (first.IsEmpty)
        {
            return;
        }
        ProducerBatch[] later = [.. _ready];
        _ready.Clear();
        foreach (ProducerBatch batch in first)
        {
            _ready.Enqueue(batch);
        }
        foreach (ProducerBatch batch in later)
        {
            _ready.Enqueue(batch);
        }
    }

    private bool MayPipelineLocked => _isKnown || !_core.Options.Idempotent;

    // Servers remember so many batches of a producer: the oldest without an answer must be among them, or its retry would not be known as one.
    private bool HasRoomLocked() =>
        _inFlight.Count == 0 || (MayPipelineLocked && _nextNumber - _inFlight[0].Number < _core.Options.InFlightPerPartitionMax);

    private void StartLocked(ProducerBatch batch, ref PartitionWork work)
    {
        TimeSpan remaining = RemainingLocked(batch);
        if (remaining <= TimeSpan.Zero && batch.Sequence is null)
        {
            FinishLocked(ref work, batch, new ProduceOutcome(DeliveryErrors.TimedOut(_topic.Name, _partition, batch, _core.Options)));
            return;
        }
        if (batch.Sequence is null)
        {
            int sequence = _core.Options.Idempotent ? _nextSequence : -1;
            try
            {
                batch.Build(_core.Options.Compression, _identity, sequence);
            }
            catch (RecordFormatException e)
            {
                FinishLocked(ref work, batch, new ProduceOutcome(DeliveryErrors.CannotCompress(_topic.Name, _partition, e)));
                return;
            }

            // Sequences wrap from 2^31 - 1 to 0.
            _nextSequence = (int)(((long)_nextSequence + batch.RecordCount) & int.MaxValue);
            batch.Number = _nextNumber++;
        }
        _inFlight.Add(batch);
        _sent++;
        TimeSpan timeout = remaining < _core.Options.RequestTimeout && remaining > TimeSpan.Zero ? remaining : _core.Options.RequestTimeout;
        batch.Answer = _core.Transport.ProduceAsync(new ProduceCall(_topic.Name, _partition, _core.Acks, batch.Encoded, timeout));
        work.Observe(batch);
    }

    private async Task ObserveAsync(ProducerBatch batch)
    {
        ProduceOutcome outcome = await batch.Answer!;
        PartitionWork work = default;
        lock (_gate)
        {
            _sent--;
            batch.Answer = null;
            if (outcome.Error is { } error && MayTryAgainLocked(batch, error))
            {
                batch.LastError = error;
                batch.MayBeAppended |= error.IsOutcomeUnknown;
            }
            else
            {
                _inFlight.Remove(batch);
                _isBroken |= outcome.Error is not null && _core.Options.Idempotent;
                FinishLocked(ref work, batch, outcome);
            }
            if (outcome.Error is null)
            {
                _isKnown = true;
                _recovery.Succeeded();
            }
            if (_sent == 0 && _inFlight.Count > 0 && !_isRecovering)
            {
                work.StartsRecovery = _isRecovering = true;
            }
            SendLocked(ref work);
        }
        Do(work);
    }

    private bool MayTryAgainLocked(ProducerBatch batch, StreamHouseException error) => error.Code switch
    {
        StreamHouseErrorCode.OutOfOrderSequence => _inFlight[0] != batch || _isBroken || MayRenewLocked(batch),

        // Recovery asks whether the topic still exists.
        StreamHouseErrorCode.UnknownTopic or StreamHouseErrorCode.UnknownPartition => true,
        _ => error.IsRetriable,
    };

    // An earlier batch that failed comes again first. When there is none, the server has lost what it acknowledged: unless it never promised to
    // keep it, someone must hear of that.
    private bool MayRenewLocked(ProducerBatch batch) =>
        _isBroken = _core.Options.Acks != ProducerAcks.All && !batch.MayBeAppended;

    private async Task LingerAsync()
    {
        while (true)
        {
            PartitionWork work = default;
            TimeSpan wait;
            lock (_gate)
            {
                if (_open is not { IsDue: false } open)
                {
                    _isLingering = false;
                    return;
                }
                wait = _core.Options.Linger - _core.Clock.GetElapsedTime(open.CreatedAt);
                if (wait <= TimeSpan.Zero)
                {
                    open.IsDue = true;
                    SendLocked(ref work);
                }
            }
            Do(work);
            if (wait > TimeSpan.Zero)
            {
                try
                {
                    // Whole milliseconds only count: less would not wait at all, and go round until the time has come.
                    await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), _core.Clock, _core.Closing);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private TimeSpan RemainingLocked(ProducerBatch batch) => _core.Options.DeliveryTimeout - _core.Clock.GetElapsedTime(batch.CreatedAt);

    private void Do(in PartitionWork work)
    {
        if (work.FinishedCount > 0)
        {
            DoFinish(work);
        }
        for (ProducerBatch? sent = work.FirstSent; sent is not null;)
        {
            ProducerBatch current = sent;
            sent = current.NextSent;
            current.NextSent = null;
            _ = ObserveAsync(current);
        }
        if (work.StartsLinger)
        {
            _ = LingerAsync();
        }
        if (work.StartsRecovery)
        {
            _ = _recovery.RunAsync();
        }
    }

    private void FinishLocked(ref PartitionWork work, ProducerBatch batch, in ProduceOutcome outcome)
    {
        _finishing++;
        work.Finish(batch, outcome);
    }

    private void DoFinish(in PartitionWork work)
    {
        for (int i = 0; i < work.FinishedCount; i++)
        {
            (ProducerBatch batch, ProduceOutcome outcome) = work.FinishedAt(i);
            _core.Finish(_topic.Name, _partition, batch, outcome);
        }
        TaskCompletionSource? finished = null;
        lock (_gate)
        {
            _finishing -= work.FinishedCount;
            if (_finishing == 0)
            {
                (finished, _finished) = (_finished, null);
            }
        }
        finished?.TrySetResult();
    }
}
