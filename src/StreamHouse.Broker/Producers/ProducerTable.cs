using StreamHouse.Records;

namespace StreamHouse.Broker.Producers;

/// <summary>What a producer's sequence says about a batch.</summary>
internal enum SequenceCheck
{
    /// <summary>The next one, or the first of an unknown producer: append it.</summary>
    Append,

    /// <summary>Appended before: answer with the original offset.</summary>
    Duplicate,

    /// <summary>Leaves a gap, or repeats something too old to be told apart.</summary>
    OutOfOrder,

    /// <summary>The producer's epoch is older than one already seen.</summary>
    OldEpoch,
}

/// <summary>The identity an idempotent producer gives a batch.</summary>
/// <param name="ProducerId">Its id, at least 0.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="FirstSequence">Sequence of the first record.</param>
/// <param name="LastSequence">Sequence of the last record.</param>
internal readonly record struct ProducerStamp(long ProducerId, short Epoch, int FirstSequence, int LastSequence)
{
    /// <summary>Reads the stamp of a batch.</summary>
    /// <returns>False when the batch comes from a producer that is not idempotent.</returns>
    public static bool TryRead(in RecordBatchView batch, out ProducerStamp stamp)
    {
        stamp = new ProducerStamp(batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.LastSequence);
        return batch.HasProducerId;
    }
}

/// <summary>
/// A partition's idempotent producers, each with its epoch and its last five batches: what tells a retry from new data.
/// Not safe for concurrent use.
/// </summary>
internal sealed class ProducerTable(int producersMax)
{
    /// <summary>Batches remembered per producer: as many as a Kafka client may have in flight.</summary>
    public const int BatchesRemembered = ProducerSnapshot.BatchesMax;

    private readonly Dictionary<long, ProducerHistory> _producers = [];

    /// <summary>Number of producers remembered.</summary>
    public int Count => _producers.Count;

    /// <summary>Compares a batch with what the producer sent before.</summary>
    /// <param name="stamp">The batch's identity.</param>
    /// <param name="originalOffset">For a duplicate: base offset of the original.</param>
    public SequenceCheck Check(in ProducerStamp stamp, out long originalOffset)
    {
        originalOffset = -1;
        if (!_producers.TryGetValue(stamp.ProducerId, out ProducerHistory? producer))
        {
            return SequenceCheck.Append;
        }
        if (stamp.Epoch != producer.Epoch)
        {
            return stamp.Epoch < producer.Epoch ? SequenceCheck.OldEpoch
                : stamp.FirstSequence == 0 ? SequenceCheck.Append : SequenceCheck.OutOfOrder;
        }
        foreach (ref readonly ProducedBatch batch in producer.Batches)
        {
            if (batch.FirstSequence == stamp.FirstSequence && batch.LastSequence == stamp.LastSequence)
            {
                originalOffset = batch.BaseOffset;
                return SequenceCheck.Duplicate;
            }
        }
        int expected = producer.LastSequence == int.MaxValue ? 0 : producer.LastSequence + 1;
        return stamp.FirstSequence == expected ? SequenceCheck.Append : SequenceCheck.OutOfOrder;
    }

    /// <summary>Notes a batch that <see cref="Check"/> let through, or one found in the log.</summary>
    /// <param name="stamp">Its identity.</param>
    /// <param name="baseOffset">Its first offset.</param>
    /// <param name="nowMs">When, in ms since 1970: what expiry counts from.</param>
    public void Note(in ProducerStamp stamp, long baseOffset, long nowMs)
    {
        if (!_producers.TryGetValue(stamp.ProducerId, out ProducerHistory? producer) || producer.Epoch != stamp.Epoch)
        {
            if (producer is null && _producers.Count >= producersMax)
            {
                ForgetLongestInactive();
            }
            producer = new ProducerHistory(stamp.Epoch);
            _producers[stamp.ProducerId] = producer;
        }
        producer.Add(new ProducedBatch(stamp.FirstSequence, stamp.LastSequence, baseOffset, nowMs));
    }

    /// <summary>An independent copy.</summary>
    public ProducerTable Copy()
    {
        ProducerTable copy = new(producersMax);
        foreach ((long id, ProducerHistory producer) in _producers)
        {
            copy._producers.Add(id, producer.Copy());
        }
        return copy;
    }

    /// <summary>Adds what a snapshot holds; producers already known stay as they are.</summary>
    public void Load(ProducerSnapshot snapshot)
    {
        foreach (ProducerEntry entry in snapshot.Producers)
        {
            ProducerHistory producer = new(entry.Epoch);
            foreach (ProducedBatch batch in entry.Batches)
            {
                producer.Add(batch);
            }
            _producers.TryAdd(entry.ProducerId, producer);
        }
    }

    /// <summary>Everything as a snapshot, without producers inactive since <paramref name="expiredBeforeMs"/>; these are forgotten here too.</summary>
    public ProducerSnapshot Snapshot(long expiredBeforeMs)
    {
        List<ProducerEntry> entries = new(_producers.Count);
        List<long>? expired = null;
        foreach ((long id, ProducerHistory producer) in _producers)
        {
            if (producer.LastActiveMs < expiredBeforeMs)
            {
                (expired ??= []).Add(id);
            }
            else
            {
                entries.Add(new ProducerEntry(id, producer.Epoch, producer.Batches.ToArray()));
            }
        }
        foreach (long id in expired ?? [])
        {
            _producers.Remove(id);
        }
        return new ProducerSnapshot(entries);
    }

    private void ForgetLongestInactive()
    {
        long oldest = -1;
        long oldestMs = long.MaxValue;
        foreach ((long id, ProducerHistory producer) in _producers)
        {
            if (producer.LastActiveMs < oldestMs)
            {
                (oldest, oldestMs) = (id, producer.LastActiveMs);
            }
        }
        _producers.Remove(oldest);
    }

    private sealed class ProducerHistory(short epoch)
    {
        private readonly ProducedBatch[] _batches = new ProducedBatch[BatchesRemembered];
        private int _count;

        public short Epoch => epoch;

        public ReadOnlySpan<ProducedBatch> Batches => _batches.AsSpan(0, _count);

        public int LastSequence => _count == 0 ? -1 : _batches[_count - 1].LastSequence;

        public long LastActiveMs => _count == 0 ? long.MinValue : _batches[_count - 1].TimestampMs;

        public void Add(in ProducedBatch batch)
        {
            if (_count == BatchesRemembered)
            {
                _batches.AsSpan(1).CopyTo(_batches);
                _count--;
            }
            _batches[_count++] = batch;
        }

        public ProducerHistory Copy()
        {
            ProducerHistory copy = new(epoch);
            _batches.CopyTo(copy._batches, 0);
            copy._count = _count;
            return copy;
        }
    }
}
