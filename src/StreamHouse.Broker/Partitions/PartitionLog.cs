using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// What a led partition holds: its marks, its tail in memory, and the reads that wait for more. Not safe for concurrent use: the
/// lock of its <see cref="PartitionWriter"/> guards it.
/// </summary>
/// <remarks>
/// <see cref="Start"/> ≤ <see cref="TieredEnd"/> ≤ <see cref="SealedEnd"/> ≤ <see cref="End"/>, and
/// <see cref="TieredEnd"/> ≤ <see cref="HighWatermark"/> ≤ <see cref="End"/>.
/// </remarks>
internal sealed class PartitionLog(TopicPartition partition, long epoch, long start, long tieredEnd, TailMemory memory)
{
    private readonly List<FetchWaiter> _waiters = [];

    /// <summary>Batches in memory.</summary>
    public HotTail Tail { get; } = new(memory);

    /// <summary>First readable offset.</summary>
    public long Start { get; private set; } = start;

    /// <summary>End of what is in objects.</summary>
    public long TieredEnd { get; private set; } = tieredEnd;

    /// <summary>End of what is in objects or on its way there.</summary>
    public long SealedEnd { get; private set; } = tieredEnd;

    /// <summary>End of what readers see.</summary>
    public long HighWatermark { get; private set; } = tieredEnd;

    /// <summary>End of what is sequenced: the next offset.</summary>
    public long End { get; private set; } = tieredEnd;

    /// <summary>Adds a sequenced batch at <see cref="End"/>, taking over one reference.</summary>
    public void Add(in TailBatch batch)
    {
        Tail.Add(batch);
        End = batch.EndOffset;
    }

    /// <summary>Shows everything below <paramref name="end"/> to readers.</summary>
    /// <param name="end">New high watermark.</param>
    /// <param name="bytes">Bytes that have become visible.</param>
    public void Show(long end, int bytes)
    {
        HighWatermark = end;
        for (int i = 0; i < _waiters.Count; i++)
        {
            _waiters[i].BytesVisible(bytes);
        }
    }

    /// <summary>Takes the batches from <see cref="SealedEnd"/> to <paramref name="end"/> for an upload, with a reference to each.</summary>
    public List<BufferSlice> Seal(long end, out long bytes)
    {
        List<BufferSlice> batches = [];
        bytes = 0;
        for (int i = Tail.Find(SealedEnd); i < Tail.Count && Tail[i].EndOffset <= end; i++)
        {
            BufferSlice slice = Tail[i].Slice;
            slice.Owner.Retain();
            batches.Add(slice);
            bytes += slice.Length;
        }
        SealedEnd = end;
        return batches;
    }

    /// <summary>Everything below <paramref name="end"/> is in the manifest.</summary>
    public void MarkTiered(long end)
    {
        TieredEnd = end;
        Tail.MarkTiered(end);
    }

    /// <summary>Moves <see cref="Start"/> forward; never back.</summary>
    public void MoveStart(long offset)
    {
        Start = Math.Max(Start, offset);
        WakeReaders();
    }

    /// <summary>Reads what is visible in memory; see <see cref="PartitionWriter.Read"/>.</summary>
    public PartitionFetch Read(in FetchPartition request, int bytesMax, bool wholeFirst, FetchHold? hold, out bool belowTail)
    {
        (BrokerErrorCode error, string? message) = Check(request);
        bool nothing = error != BrokerErrorCode.None || request.Offset >= HighWatermark;
        belowTail = !nothing && request.Offset < Tail.StartOffset;
        PartitionFetch fetch = Answer(error, message, hold);
        if (nothing || belowTail)
        {
            return fetch;
        }
        for (int i = Tail.Find(request.Offset); i < Tail.Count && Tail[i].EndOffset <= HighWatermark; i++)
        {
            BufferSlice slice = Tail[i].Slice;
            bool fits = fetch.Bytes + (long)slice.Length <= bytesMax && (hold is null || hold.MayEnter(slice.Owner));
            if (!fits && !(wholeFirst && fetch.Bytes == 0))
            {
                break;
            }
            slice.Owner.Retain();
            fetch.Add(slice);
            fetch.Count(Tail[i].EndOffset - Math.Max(Tail[i].BaseOffset, request.Offset));
        }
        return fetch;
    }

    /// <summary>An answer without bytes.</summary>
    public PartitionFetch Answer(BrokerErrorCode error, string? message, FetchHold? hold = null) => new()
    {
        Hold = hold,
        Partition = partition,
        Error = error,
        Message = message,
        HighWatermark = HighWatermark,
        LastStableOffset = HighWatermark,
        LogEndOffset = End,
        LogStartOffset = Start,
        LeaderEpoch = epoch,
    };

    /// <summary>The visible batches from an offset on, with a reference to each.</summary>
    public List<TailBatch> RetainVisible(long fromOffset)
    {
        List<TailBatch> batches = [];
        for (int i = Tail.Find(fromOffset); i < Tail.Count && Tail[i].EndOffset <= HighWatermark; i++)
        {
            Tail[i].Slice.Owner.Retain();
            batches.Add(Tail[i]);
        }
        return batches;
    }

    /// <summary>Registers a waiting read, unless something has changed since it looked.</summary>
    public bool TryWait(FetchWaiter waiter, long offset, long seenHighWatermark)
    {
        if (HighWatermark != seenHighWatermark || offset < Start)
        {
            return false;
        }
        _waiters.Add(waiter);
        return true;
    }

    /// <summary>Forgets a waiting read.</summary>
    public void EndWait(FetchWaiter waiter) => _waiters.Remove(waiter);

    /// <summary>Lets all waiting reads look again.</summary>
    public void WakeReaders()
    {
        foreach (FetchWaiter waiter in _waiters)
        {
            waiter.Wake();
        }
    }

    private (BrokerErrorCode Error, string? Message) Check(in FetchPartition request)
    {
        if (request.LeaderEpoch >= 0 && request.LeaderEpoch != epoch)
        {
            return request.LeaderEpoch < epoch
                ? (BrokerErrorCode.FencedLeaderEpoch, $"Leader epoch {request.LeaderEpoch} is over; it is {epoch} now. Refresh the metadata.")
                : (BrokerErrorCode.UnknownLeaderEpoch, $"Leader epoch {request.LeaderEpoch} is not known here; it is {epoch}.");
        }
        return request.Offset < Start || request.Offset > End
            ? (BrokerErrorCode.OffsetOutOfRange,
                $"Offset {request.Offset} is not in the log, which holds {Start} to {HighWatermark} (exclusive). Seek to one of its ends.")
            : (BrokerErrorCode.None, null);
    }
}
