using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <content>The way of batches from the tail into objects, with the producer state that goes along, and out of memory and the log.</content>
internal sealed partial class PartitionWriter
{
    /// <summary>Takes what is ready for upload and not sealed yet. The caller releases the slice when it has done with it.</summary>
    /// <returns>Null when there is nothing, or the partition is closed.</returns>
    public SealedSlice? Seal()
    {
        lock (_lock)
        {
            long start = _log.SealedEnd;
            long end = Durability == Durability.Local ? _log.HighWatermark : _log.End;
            if (_closed is not null || start == end || !_producers.CanSnapshot)
            {
                return null;
            }
            List<BufferSlice> batches = _log.Seal(end, out long bytes);
            return new SealedSlice(
                this, Epoch, start, end, _log.Start, batches, bytes,
                _producers.Snapshot(sequenced: Durability == Durability.Object || _services.Break == EngineBreak.SnapshotWithPendingState, NowMs));
        }
    }

    /// <summary>Whether <see cref="Seal"/> has the producer state it needs, or knows that it is damaged.</summary>
    public bool CanSeal
    {
        get
        {
            lock (_lock)
            {
                return _producers.CanSnapshot;
            }
        }
    }

    /// <summary>
    /// Loads producer state that sealing and idempotent appends need. When it is missing or damaged, appends are refused from then on, and the
    /// tail can be sealed.
    /// </summary>
    /// <exception cref="BrokerException">It cannot be read now.</exception>
    public async Task EnsureProducersLoadedAsync(CancellationToken ct)
    {
        long logStart;
        long tieredEnd;
        bool isAllTiered;
        lock (_lock)
        {
            if (_producers.Loaded)
            {
                return;
            }
            (logStart, tieredEnd, isAllTiered) = (_log.Start, _log.TieredEnd, _log.Tail.UntieredBytes == 0);
        }
        try
        {
            IReadOnlyList<ProducerSnapshot> snapshots = await _services.ProducerSnapshots.LoadAsync(Partition, logStart, ct);
            lock (_lock)
            {
                if (_producers.Damage is not null && !(isAllTiered && _log.TieredEnd == tieredEnd && _log.Tail.UntieredBytes == 0))
                {
                    // Slices were sealed or committed meanwhile: what was read is of a time that cannot be told.
                    _producers.LoadFailed();
                    return;
                }
                _producers.Load(snapshots, _log.Tail, _log.TieredEnd, NowMs);
            }
        }
        catch (BrokerException e) when (e.Code == BrokerErrorCode.DataDamaged)
        {
            bool isNew;
            lock (_lock)
            {
                isNew = _producers.MarkDamaged(AppendResult.Refused(e.Code, e.Message), _log.Tail, _log.TieredEnd, NowMs);
            }
            if (isNew)
            {
                Log.ClosedToWriters(_services.Logger, Topic, Partition.Partition, e.Message);
            }
        }
    }

    /// <summary>A slice is in the manifest.</summary>
    public void OnCommitted(SealedSlice slice)
    {
        List<PendingAppend> durable = [];
        lock (_lock)
        {
            if (_closed is not null)
            {
                return;
            }
            if (Durability == Durability.Object)
            {
                durable = _sequencer.CompleteBelow(slice.EndOffset);
            }
            _log.MarkTiered(slice.EndOffset);
            _tieredWaiters.OnTiered(slice.EndOffset);
            _services.Memory.Retain(this, slice.EndOffset);
        }
        foreach (PendingAppend append in durable)
        {
            append.Acknowledge();
        }
    }

    /// <summary>Drops tiered batches below an offset from memory.</summary>
    public void EvictTiered(long endOffset)
    {
        lock (_lock)
        {
            _log.Tail.Evict(endOffset);
        }
    }

    /// <summary>Ends when everything below <paramref name="offset"/> is in objects.</summary>
    public Task WaitForTieredAsync(long offset, CancellationToken ct)
    {
        lock (_lock)
        {
            return _log.TieredEnd >= offset ? Task.CompletedTask : _tieredWaiters.AddAsync(offset, ct);
        }
    }

    /// <summary>Moves the log start forward; never back.</summary>
    public void SetLogStart(long logStart)
    {
        lock (_lock)
        {
            _log.MoveStart(logStart);
        }
    }
}
