using System.ComponentModel.DataAnnotations;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.Partitions;

/// <summary>Limits of what the process keeps of its partitions' tails in memory.</summary>
public sealed record TailOptions
{
    /// <summary>Rented bytes that are not in objects yet; producers wait above it. 16 MiB to 64 GiB.</summary>
    [Range(typeof(long), "16777216", "68719476736")]
    public long UntieredBytesMax { get; init; } = 144L << 20;

    /// <summary>Rented bytes kept for tailing readers after they are in objects. 0 to 64 GiB.</summary>
    [Range(typeof(long), "0", "68719476736")]
    public long RetainedBytesMax { get; init; } = 48L << 20;

    /// <summary>Bytes of batches that wait for space before they are sequenced; above it producers get a retriable error. 1 MiB to 16 GiB.</summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long WaitingBytesMax { get; init; } = 64L << 20;

    /// <summary>Longest time an append waits for space before its producer gets a retriable error. 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Producers whose sequences a partition remembers; the longest inactive is forgotten first. 100 to 1,000,000.</summary>
    [Range(100, 1_000_000)]
    public int ProducersPerPartitionMax { get; init; } = 10_000;

    /// <summary>
    /// Bytes of batches that a process with these limits can leave behind for the next to recover: the last batch is admitted while less than
    /// <see cref="UntieredBytesMax"/> is in use.
    /// </summary>
    public long RecoveredBytesMax => UntieredBytesMax + BufferPool.RentBytesMax;
}

/// <summary>
/// Counts the rented memory under all tails of a process. A buffer counts with its whole capacity as long as one batch in it is needed;
/// batches that share a buffer share the count.
/// </summary>
internal sealed class TailMemory(TailOptions options)
{
    private readonly Lock _retainedLock = new();
    private readonly Queue<(PartitionWriter Partition, long EndOffset)> _retained = new();
    private readonly Lock _waitersLock = new();
    private readonly Queue<PartitionWriter> _waiters = new();
    private long _untieredBytes;
    private long _admittedBytes;
    private long _totalBytes;
    private long _waitingBytes;
    private int _waitingAppends;

    /// <summary>Rented bytes not in objects yet.</summary>
    public long UntieredBytes => Volatile.Read(ref _untieredBytes);

    /// <summary>All rented bytes under tails.</summary>
    public long TotalBytes => Volatile.Read(ref _totalBytes);

    /// <summary>Bytes of batches waiting to be sequenced.</summary>
    public long WaitingBytes => Volatile.Read(ref _waitingBytes);

    /// <summary>Batches waiting to be sequenced.</summary>
    public int WaitingAppends => Volatile.Read(ref _waitingAppends);

    /// <summary>Limits in force.</summary>
    public TailOptions Options => options;

    /// <summary>
    /// Sets space aside for a batch, until <see cref="Entered"/>. However many come at once, they exceed the limit by no more than one of them:
    /// recovery relies on that.
    /// </summary>
    public bool TryAdmit(int bytes)
    {
        long before = Interlocked.Add(ref _admittedBytes, bytes) - bytes;
        if (UntieredBytes + before < options.UntieredBytesMax)
        {
            return true;
        }
        Entered(bytes);
        return false;
    }

    /// <summary>An admitted batch is in its tail, or does not come after all.</summary>
    public void Entered(int bytes) => Interlocked.Add(ref _admittedBytes, -bytes);

    /// <summary>A batch has entered a tail.</summary>
    public void Add(SharedBuffer buffer)
    {
        if (Interlocked.Increment(ref buffer.TailBatches) == 1)
        {
            Interlocked.Add(ref _totalBytes, buffer.Capacity);
        }
        if (Interlocked.Increment(ref buffer.UntieredBatches) == 1)
        {
            Interlocked.Add(ref _untieredBytes, buffer.Capacity);
        }
    }

    /// <summary>A batch is in an object now and stays only for readers.</summary>
    public void MarkTiered(SharedBuffer buffer)
    {
        if (Interlocked.Decrement(ref buffer.UntieredBatches) == 0)
        {
            Interlocked.Add(ref _untieredBytes, -buffer.Capacity);
        }
    }

    /// <summary>A batch has left its tail.</summary>
    public void Remove(SharedBuffer buffer)
    {
        if (Interlocked.Decrement(ref buffer.TailBatches) == 0)
        {
            Interlocked.Add(ref _totalBytes, -buffer.Capacity);
        }
    }

    /// <summary>Sets bytes of a waiting batch aside.</summary>
    /// <returns>False when too much waits already.</returns>
    public bool TryWait(int bytes)
    {
        if (Interlocked.Add(ref _waitingBytes, bytes) <= options.WaitingBytesMax)
        {
            Interlocked.Increment(ref _waitingAppends);
            return true;
        }
        Interlocked.Add(ref _waitingBytes, -bytes);
        return false;
    }

    /// <summary>A waiting batch has been sequenced or refused.</summary>
    public void EndWait(int bytes)
    {
        Interlocked.Add(ref _waitingBytes, -bytes);
        Interlocked.Decrement(ref _waitingAppends);
    }

    /// <summary>Remembers a partition whose appends wait for space.</summary>
    public void EnqueueWaiter(PartitionWriter partition)
    {
        lock (_waitersLock)
        {
            _waiters.Enqueue(partition);
        }
    }

    /// <summary>Lets the partitions that waited until now try again, in the order they began to wait.</summary>
    public void WakeWaiters()
    {
        int count;
        lock (_waitersLock)
        {
            count = _waiters.Count;
        }
        for (; count > 0; count--)
        {
            PartitionWriter? partition;
            lock (_waitersLock)
            {
                if (!_waiters.TryDequeue(out partition))
                {
                    return;
                }
            }
            partition.OnSpaceFreed();
        }
    }

    /// <summary>A partition's tail is in objects up to <paramref name="endOffset"/>; the oldest such data leaves memory when too much is kept.</summary>
    public void Retain(PartitionWriter partition, long endOffset)
    {
        lock (_retainedLock)
        {
            _retained.Enqueue((partition, endOffset));
        }
    }

    /// <summary>Drops the oldest tiered data until what is kept fits its limit.</summary>
    public void EvictRetained()
    {
        while (TotalBytes - UntieredBytes > options.RetainedBytesMax)
        {
            (PartitionWriter Partition, long EndOffset) oldest;
            lock (_retainedLock)
            {
                if (!_retained.TryDequeue(out oldest))
                {
                    return;
                }
            }
            oldest.Partition.EvictTiered(oldest.EndOffset);
        }
    }
}
