using StreamHouse.Broker.Producers;
using StreamHouse.Records;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// A partition's idempotent producers, twice: <i>durable</i> state, and <i>pending</i> state that includes batches which are sequenced
/// but not durable. New batches are checked against pending; when pending batches fail it falls back to durable.
/// Not safe for concurrent use: the partition's lock guards it.
/// </summary>
internal sealed class PartitionProducers
{
    /// <summary>Producers are forgotten after a day without a batch.</summary>
    private const long ExpiryMs = 24L * 3600 * 1000;

    /// <summary>Pause between attempts to read state that was found damaged, and may have been restored.</summary>
    private const long DamageRetryMs = 5000;

    private readonly int _producersMax;
    private ProducerTable _durable;
    private ProducerTable _pending;
    private bool _loading;
    private long _damageMetMs;

    /// <param name="producersMax">Producers remembered.</param>
    /// <param name="loaded">True when there is no stored state to load first.</param>
    public PartitionProducers(int producersMax, bool loaded)
    {
        _producersMax = producersMax;
        _durable = new ProducerTable(producersMax);
        _pending = new ProducerTable(producersMax);
        Loaded = loaded;
    }

    /// <summary>Whether sequences can be checked.</summary>
    public bool Loaded { get; private set; }

    /// <summary>
    /// Why appends are refused: the stored state is missing or damaged. What the tail holds goes into objects all the same, each with a
    /// partial snapshot.
    /// </summary>
    public AppendResult? Damage { get; private set; }

    /// <summary>Whether slices can be sealed.</summary>
    public bool CanSnapshot => Loaded || Damage is not null;

    /// <summary>Whether an append waits for the stored state.</summary>
    public bool LoadRequested { get; private set; }

    /// <summary>Asks for the stored state; see <see cref="StartLoading"/>.</summary>
    public void RequestLoad() => LoadRequested = true;

    /// <summary>Asks for damaged state once more, now and then. Only while all of the tail is in objects: a new slice would change the question.</summary>
    public void RequestReload(HotTail tail, long nowMs)
    {
        if (tail.UntieredBytes == 0 && nowMs - _damageMetMs >= DamageRetryMs)
        {
            _damageMetMs = nowMs;
            LoadRequested = true;
        }
    }

    /// <summary>Whether the caller must start to load now.</summary>
    public bool StartLoading()
    {
        if (!LoadRequested || _loading || Loaded)
        {
            return false;
        }
        return _loading = true;
    }

    /// <summary>The load failed; the next idempotent append tries again.</summary>
    public void LoadFailed() => (_loading, LoadRequested) = (false, false);

    /// <summary>Takes over stored state as of <paramref name="snapshotEnd"/>, then what the tail holds above it.</summary>
    public void Load(IReadOnlyList<ProducerSnapshot> snapshots, HotTail tail, long snapshotEnd, long nowMs)
    {
        if (Loaded)
        {
            return;
        }
        _durable = new ProducerTable(_producersMax);
        foreach (ProducerSnapshot snapshot in snapshots)
        {
            _durable.Load(snapshot);
        }
        Replay(tail, nowMs, snapshotEnd);
        Loaded = true;
        Damage = null;
        LoadFailed();
    }

    /// <summary>The stored state is missing or damaged: from now on this is what came after it.</summary>
    /// <returns>Whether that is new.</returns>
    public bool MarkDamaged(in AppendResult refusal, HotTail tail, long snapshotEnd, long nowMs)
    {
        LoadFailed();
        _damageMetMs = nowMs;
        bool isNew = !Loaded && Damage is null;
        if (isNew)
        {
            Replay(tail, nowMs, snapshotEnd);
        }
        if (!Loaded)
        {
            Damage = refusal;
        }
        return isNew;
    }

    /// <summary>Notes what a recovered tail holds.</summary>
    public void Replay(HotTail tail, long nowMs, long fromOffset = 0)
    {
        for (int i = tail.Find(fromOffset); i < tail.Count; i++)
        {
            if (ProducerStamp.TryRead(new RecordBatchView(tail[i].Slice.Span), out ProducerStamp stamp))
            {
                _durable.Note(stamp, tail[i].BaseOffset, nowMs);
            }
        }
        _pending = _durable.Copy();
    }

    /// <summary>Checks a batch.</summary>
    /// <param name="stamp">Its identity.</param>
    /// <param name="topic">For messages.</param>
    /// <param name="partition">For messages.</param>
    /// <param name="originalOffset">At least 0 for a duplicate: the original's base offset.</param>
    /// <returns>Null to append it; otherwise the refusal, which has no meaning for a duplicate.</returns>
    public AppendResult? Check(in ProducerStamp stamp, string topic, int partition, out long originalOffset) =>
        _pending.Check(stamp, out originalOffset) switch
        {
            SequenceCheck.Append => null,
            SequenceCheck.Duplicate => AppendResult.Refused(BrokerErrorCode.None, string.Empty),
            SequenceCheck.OldEpoch => AppendResult.Refused(
                BrokerErrorCode.InvalidProducerEpoch,
                $"Producer {stamp.ProducerId} wrote to {topic}/{partition} with a newer epoch than {stamp.Epoch}: another instance has taken over."),
            SequenceCheck.OutOfOrder => AppendResult.Refused(
                BrokerErrorCode.OutOfOrderSequence,
                $"Producer {stamp.ProducerId} sent sequence {stamp.FirstSequence} to {topic}/{partition}, which does not follow its last one."),
            _ => throw new InvalidOperationException("Not a sequence check."),
        };

    public void NotePending(in ProducerStamp stamp, long baseOffset, long nowMs) => _pending.Note(stamp, baseOffset, nowMs);

    public void NoteDurable(in ProducerStamp stamp, long baseOffset, long nowMs) => _durable.Note(stamp, baseOffset, nowMs);

    /// <summary>Pending batches have failed.</summary>
    public void FallBack() => _pending = _durable.Copy();

    /// <summary>State for a slice that ends at the last durable batch, or (<paramref name="sequenced"/>) at the last sequenced one.</summary>
    public ProducerSnapshot Snapshot(bool sequenced, long nowMs) =>
        (sequenced ? _pending : _durable).Snapshot(nowMs - ExpiryMs, isPartial: !Loaded);
}
