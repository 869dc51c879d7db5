namespace StreamHouse.Broker.Partitions;

/// <content>What readers ask: marks, visible batches, waiting for more.</content>
internal sealed partial class PartitionWriter
{
    /// <summary>
    /// Why nothing may be read here now; null while this process leads the partition, as far as it knows, and is sure of its leases.
    /// </summary>
    public AppendResult? ReadRefusal
    {
        get
        {
            lock (_lock)
            {
                return Refusal;
            }
        }
    }

    /// <summary>The partition's marks.</summary>
    public PartitionStatus Describe()
    {
        lock (_lock)
        {
            return new PartitionStatus(
                Partition, Epoch, _log.Start, _log.TieredEnd, _log.HighWatermark, _log.End, _log.Tail.UntieredBytes, _closed is null);
        }
    }

    /// <summary>The partition's marks, and the first visible offset of each epoch that the tail knows of, its own included.</summary>
    public (PartitionStatus Status, SortedDictionary<long, long> Starts) DescribeEpochs()
    {
        lock (_lock)
        {
            SortedDictionary<long, long> starts = [];
            for (int i = 0; i < _log.Tail.Count && _log.Tail[i].EndOffset <= _log.HighWatermark; i++)
            {
                starts.TryAdd(_log.Tail[i].Epoch, _log.Tail[i].BaseOffset);
            }
            starts.TryAdd(Epoch, _log.HighWatermark);
            return (Describe(), starts);
        }
    }

    /// <summary>Reads from memory what is visible at an offset.</summary>
    /// <param name="request">What to read.</param>
    /// <param name="bytesMax">Byte limit.</param>
    /// <param name="wholeFirst">Return the first batch even when it is larger than the limit.</param>
    /// <param name="hold">What the read may hold; null for everything.</param>
    /// <param name="belowTail">True when the offset is valid but must be read from objects.</param>
    public PartitionFetch Read(in FetchPartition request, int bytesMax, bool wholeFirst, FetchHold? hold, out bool belowTail)
    {
        lock (_lock)
        {
            belowTail = false;
            return Refusal is { } refusal
                ? _log.Answer(refusal.Error, refusal.Message)
                : _log.Read(request, bytesMax, wholeFirst, hold, out belowTail);
        }
    }

    /// <summary>Registers a waiting read, unless there is something to tell it at once.</summary>
    /// <returns>False when the read should look again now.</returns>
    public bool TryWait(FetchWaiter waiter, in FetchPartition request, long seenHighWatermark)
    {
        lock (_lock)
        {
            return !IsUnreadable && _log.TryWait(waiter, request.Offset, seenHighWatermark);
        }
    }

    /// <summary>Forgets a waiting read.</summary>
    public void EndWait(FetchWaiter waiter)
    {
        lock (_lock)
        {
            _log.EndWait(waiter);
        }
    }

    /// <summary>The visible batches from an offset on, with a reference to each.</summary>
    public List<TailBatch> RetainVisible(long fromOffset)
    {
        lock (_lock)
        {
            return _log.RetainVisible(fromOffset);
        }
    }

    /// <summary>Refuses when this process does not lead the partition, or is no longer sure that it does.</summary>
    /// <exception cref="BrokerException">It does not.</exception>
    public void ThrowIfNotLed()
    {
        lock (_lock)
        {
            if (Refusal is { } refusal)
            {
                throw new BrokerException(refusal.Error, refusal.Message!);
            }
        }
    }
}
