using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Gives a partition's batches their offsets and follows them until they are durable. Not safe for concurrent use: the partition's lock guards it.
/// </summary>
internal sealed class AppendSequencer(PartitionWriter partition, PartitionLog log, PartitionProducers producers, PartitionServices services)
{
    private readonly Queue<PendingAppend> _inFlight = new();

    private long NowMs => services.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Checks a batch and, if there is space, sequences it and hands it to the durability stage.</summary>
    /// <returns>False when the batch has to wait; else <paramref name="answer"/> may be a refusal.</returns>
    public bool TryAppend(in AppendRequest request, out Task<AppendResult> answer)
    {
        answer = null!;
        RecordBatchView view = new(request.Batch.Span);
        bool idempotent = ProducerStamp.TryRead(view, out ProducerStamp stamp);
        if (idempotent)
        {
            if (!producers.Loaded)
            {
                producers.RequestLoad();
                return false;
            }
            if (producers.Check(stamp, partition.Topic, partition.Partition.Partition, out long original) is { } problem)
            {
                answer = original >= 0 ? AnswerDuplicate(original, view.RecordCount, request.Acks) : Task.FromResult(problem);
                return true;
            }
        }
        if (services.Break == EngineBreak.AcknowledgeUnsequenced && request.Acks == Acks.Leader)
        {
            answer = Task.FromResult(Acknowledge(log.End, view.RecordCount, -1));
            return true;
        }
        switch (services.Admission.Admit(partition.Durability, request.Batch.Length, out AppendResult refusal))
        {
            case AdmissionOutcome.Wait:
                return false;
            case AdmissionOutcome.Refused:
                services.Metrics.BatchRefused(refusal.Error);
                answer = Task.FromResult(refusal);
                return true;
            default:
                answer = Sequence(request.Batch, view.RecordCount, request.Acks, idempotent ? stamp : null);
                return true;
        }
    }

    /// <summary>A batch has become durable; batches do so in the order they were sequenced in.</summary>
    /// <returns>False when it was given up before.</returns>
    /// <exception cref="InvalidOperationException">An earlier batch is not durable yet.</exception>
    public bool TryComplete(PendingAppend append)
    {
        if (!_inFlight.TryDequeue(out PendingAppend? oldest))
        {
            return false;
        }
        if (oldest != append)
        {
            throw new InvalidOperationException(
                $"The node log completed {append.BaseOffset} of {partition.Topic}/{partition.Partition.Partition} before {oldest.BaseOffset}.");
        }
        Complete(append);
        return true;
    }

    /// <summary>Everything below an offset has become durable.</summary>
    public List<PendingAppend> CompleteBelow(long endOffset)
    {
        List<PendingAppend> durable = [];
        while (_inFlight.TryPeek(out PendingAppend? append) && append.EndOffset <= endOffset)
        {
            Complete(_inFlight.Dequeue());
            durable.Add(append);
        }
        return durable;
    }

    /// <summary>Whether a batch is not durable whose producer waits for it.</summary>
    public bool OwesAnswers
    {
        get
        {
            // Those without an answer are the youngest.
            foreach (PendingAppend append in _inFlight)
            {
                if (!append.Answer.IsCompleted)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>Answers producers that have waited too long. Their batches stay in flight: sent again, they are duplicates of these.</summary>
    public void AnswerOverdue(in AppendResult answer)
    {
        foreach (PendingAppend append in _inFlight)
        {
            if (!services.AppendTimeouts.IsOver(append.SequencedAt))
            {
                return;
            }
            append.Refuse(answer);
        }
    }

    /// <summary>Gives up what is not durable.</summary>
    /// <returns>What is to be refused.</returns>
    public List<PendingAppend> GiveUp()
    {
        List<PendingAppend> failed = [.. _inFlight];
        _inFlight.Clear();
        producers.FallBack();
        return failed;
    }

    private Task<AppendResult> Sequence(BufferSlice batch, int count, Acks acks, ProducerStamp? stamp)
    {
        long baseOffset = log.End;
        long now = NowMs;
        BufferSlice stored = Store(batch);
        long appendTime = -1;
        if (partition.Config.TimestampType == TimestampType.LogAppendTime)
        {
            appendTime = now;
            RecordBatchStamp.SetLogAppendTime(stored.Span, now);
        }
        RecordBatchStamp.SetOffset(stored.Span, baseOffset, (int)partition.Epoch);
        log.Add(new TailBatch(baseOffset, count, partition.Epoch, new RecordBatchView(stored.Span).MaxTimestamp, stored));
        services.Memory.Entered(stored.Length);
        if (stamp is { } known)
        {
            producers.NotePending(known, baseOffset, now);
        }
        PendingAppend append = new(partition)
        {
            Group = partition.Group,
            Epoch = partition.Epoch,
            BaseOffset = baseOffset,
            Count = count,
            Batch = stored,
            Stamp = stamp,
            Acknowledgement = Acknowledge(baseOffset, count, appendTime),
            SequencedAt = services.Clock.GetTimestamp(),
            SequencedMs = now,
        };
        _inFlight.Enqueue(append);
        if (services.Break == EngineBreak.ServeAboveHighWatermark)
        {
            log.Show(log.End, stored.Length);
        }
        services.Metrics.BatchSequenced(count, stored.Length);
        if (partition.Durability == Durability.Local)
        {
            services.NodeLog.Append(append);
        }
        else
        {
            partition.ReadyForUpload(partition, stored.Length);
            partition.Watch(append.SequencedAt);
        }
        return Answer(append, acks);
    }

    // A small batch must not pin the whole request it came in.
    private BufferSlice Store(BufferSlice batch)
    {
        if (batch.Length < SlabArena.SmallBatchBytesMax)
        {
            return services.Slabs.Store(batch.Span);
        }
        batch.Owner.Retain();
        return batch;
    }

    private static Task<AppendResult> Answer(PendingAppend append, Acks acks) =>
        acks == Acks.All ? append.Answer : Task.FromResult(append.Acknowledgement with { Durability = AckDurability.Eventual });

    private AppendResult Acknowledge(long baseOffset, int count, long appendTimeMs) => new(
        BrokerErrorCode.None, null, baseOffset, count, appendTimeMs, log.Start, partition.Epoch,
        partition.Durability == Durability.Local ? AckDurability.Local : AckDurability.Object);

    private Task<AppendResult> AnswerDuplicate(long originalOffset, int count, Acks acks)
    {
        if (services.Break == EngineBreak.AnswerDuplicateWithNewOffset)
        {
            return Task.FromResult(Acknowledge(log.End, count, -1));
        }
        foreach (PendingAppend pending in _inFlight)
        {
            if (pending.BaseOffset == originalOffset && services.Break != EngineBreak.AdvanceSequenceBeforeDurability)
            {
                return Answer(pending, acks);
            }
        }
        return Task.FromResult(Acknowledge(originalOffset, count, -1));
    }

    private void Complete(PendingAppend append)
    {
        if (append.Stamp is { } stamp)
        {
            producers.NoteDurable(stamp, append.BaseOffset, append.SequencedMs);
        }
        services.Metrics.BatchAcknowledged(append.Acknowledgement.Durability, services.Clock.GetElapsedTime(append.SequencedAt));
        log.Show(append.EndOffset, append.Batch.Length);
    }
}
