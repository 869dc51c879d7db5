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

    private readonly Dictionary<long, LinkedListNode<ProducerHistory>> _producers = [];
    private readonly LinkedList<ProducerHistory> _longestInactiveFirst = [];

    /// <summary>Number of producers remembered.</summary>
    public int Count => _producers.Count;

    /// <summary>Compares a batch with what the producer sent before.</summary>
    /// <param name="stamp">The batch's identity.</param>
    /// <param name="originalOffset">For a duplicate: base offset of the original.</param>
    public SequenceCheck Check(in ProducerStamp stamp, out long originalOffset)
    {
        originalOffset = -1;
        if (!_producers.TryGetValue(stamp.ProducerId, out LinkedListNode<ProducerHistory>? node))
        {
            return SequenceCheck.Append;
        }
        ProducerHistory producer = node.Value;
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
        if (!_producers.TryGetValue(stamp.ProducerId, out LinkedListNode<ProducerHistory>? node))
        {
            if (_producers.Count >= producersMax)
            {
                ForgetLongestInactive();
            }
            node = new LinkedListNode<ProducerHistory>(new ProducerHistory(stamp.ProducerId, stamp.Epoch));
            _producers.Add(stamp.ProducerId, node);
        }
        else
        {
            _longestInactiveFirst.Remove(node);
            if (node.Value.Epoch != stamp.Epoch)
            {
                node.Value = new ProducerHistory(stamp.ProducerId, stamp.Epoch);
            }
        }
        _longestInactiveFirst.AddLast(node);
        node.Value.Add(new ProducedBatch(stamp.FirstSequence, stamp.LastSequence, baseOffset, nowMs));
    }

    /// <summary>An independent copy.</summary>
    public ProducerTable Copy()
    {
        ProducerTable copy = new(producersMax);
        foreach (ProducerHistory producer in _longestInactiveFirst)
        {
            copy._producers.Add(producer.Id, copy._longestInactiveFirst.AddLast(producer.Copy()));
        }
        return copy;
    }

    /// <summary>
    /// Adds what a snapshot holds, to an empty table or, for a partial snapshot, to the state of the slices before its own. Batches that are
    /// known already are left out: partial snapshots overlap.
    /// </summary>
    public void Load(ProducerSnapshot snapshot)
    {
        foreach (ProducerEntry entry in snapshot.Producers.OrderBy(p => p.Batches.Count == 0 ? long.MinValue : p.Batches[^1].TimestampMs))
        {
            long known = _producers.TryGetValue(entry.ProducerId, out LinkedListNode<ProducerHistory>? node) ? node.Value.LastOffset : -1;
            foreach (ProducedBatch batch in entry.Batches)
            {
                if (batch.BaseOffset > known)
                {
                    Note(new ProducerStamp(entry.ProducerId, entry.Epoch, batch.FirstSequence, batch.LastSequence), batch.BaseOffset, batch.TimestampMs);
                }
            }
        }
    }

    /// <summary>Everything as a snapshot, without producers inactive since <paramref name="expiredBeforeMs"/>; these are forgotten here too.</summary>
    /// <param name="expiredBeforeMs">In ms since 1970.</param>
    /// <param name="isPartial">The table holds only what came after the newest slice, whose own state could not be read.</param>
    public ProducerSnapshot Snapshot(long expiredBeforeMs, bool isPartial = false)
    {
        List<ProducerEntry> entries = new(_producers.Count);
        LinkedListNode<ProducerHistory>? next = _longestInactiveFirst.First;
        while (next is { } node)
        {
            next = node.Next;
            if (node.Value.LastActiveMs < expiredBeforeMs)
            {
                Forget(node);
            }
            else
            {
                entries.Add(new ProducerEntry(node.Value.Id, node.Value.Epoch, node.Value.Batches.ToArray()));
            }
        }
        return new ProducerSnapshot(entries, isPartial);
    }

    private void ForgetLongestInactive() => Forget(_longestInactiveFirst.First!);

    private void Forget(LinkedListNode<ProducerHistory> node)
    {
        _producers.Remove(node.Value.Id);
        _longestInactiveFirst.Remove(node);
    }

    private sealed class ProducerHistory(long id, short epoch)
    {
        private readonly ProducedBatch[] _batches = new ProducedBatch[BatchesRemembered];
        private int _count;

        public long Id => id;

        public short Epoch => epoch;

        public ReadOnlySpan<ProducedBatch> Batches => _batches.AsSpan(0, _count);

        public int LastSequence => _count == 0 ? -1 : _batches[_count - 1].LastSequence;

        public long LastOffset => _count == 0 ? -1 : _batches[_count - 1].BaseOffset;

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
            ProducerHistory copy = new(id, epoch);
            _batches.CopyTo(copy._batches, 0);
            copy._count = _count;
            return copy;
        }
    }
}
