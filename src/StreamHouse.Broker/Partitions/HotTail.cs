using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.Partitions;

/// <summary>A batch in a tail.</summary>
/// <param name="BaseOffset">First offset.</param>
/// <param name="Count">Offsets it takes up.</param>
/// <param name="Epoch">Leader epoch it was sequenced under.</param>
/// <param name="MaxTimestamp">Largest timestamp, ms since 1970.</param>
/// <param name="Slice">Its bytes; the tail owns one reference.</param>
internal readonly record struct TailBatch(long BaseOffset, int Count, long Epoch, long MaxTimestamp, BufferSlice Slice)
{
    public long EndOffset => BaseOffset + Count;
}

/// <summary>
/// A partition's newest batches in memory, oldest first: those not in objects yet, and behind them some that are, for readers.
/// Not safe for concurrent use: the partition's lock guards it.
/// </summary>
internal sealed class HotTail(TailMemory memory)
{
    private TailBatch[] _ring = [];
    private int _head;
    private int _count;
    private int _tiered;

    /// <summary>Number of batches.</summary>
    public int Count => _count;

    /// <summary>Bytes of batches not in objects yet.</summary>
    public long UntieredBytes { get; private set; }

    /// <summary>First offset held, or <see cref="long.MaxValue"/> when empty.</summary>
    public long StartOffset => _count == 0 ? long.MaxValue : At(0).BaseOffset;

    /// <summary>The batch at a position from the oldest.</summary>
    public ref readonly TailBatch this[int index] => ref At(index);

    /// <summary>Adds a batch, taking over one reference to its buffer.</summary>
    public void Add(in TailBatch batch)
    {
        if (_count == _ring.Length)
        {
            Grow();
        }
        _ring[(_head + _count) & (_ring.Length - 1)] = batch;
        _count++;
        UntieredBytes += batch.Slice.Length;
        memory.Add(batch.Slice.Owner);
    }

    /// <summary>Position of the batch that holds <paramref name="offset"/>, or of the first one after it; <see cref="Count"/> when there is none.</summary>
    public int Find(long offset)
    {
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (At(middle).EndOffset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    /// <summary>What ends at or below <paramref name="endOffset"/> is in objects now.</summary>
    public void MarkTiered(long endOffset)
    {
        while (_tiered < _count && At(_tiered).EndOffset <= endOffset)
        {
            ref readonly TailBatch batch = ref At(_tiered);
            UntieredBytes -= batch.Slice.Length;
            memory.MarkTiered(batch.Slice.Owner);
            _tiered++;
        }
    }

    /// <summary>Drops tiered batches that end at or below <paramref name="endOffset"/>.</summary>
    public void Evict(long endOffset)
    {
        while (_tiered > 0 && At(0).EndOffset <= endOffset)
        {
            _tiered--;
            RemoveFirst();
        }
        if (_count == 0)
        {
            _ring = [];
            _head = 0;
        }
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        MarkTiered(long.MaxValue);
        Evict(long.MaxValue);
    }

    private void RemoveFirst()
    {
        ref TailBatch first = ref _ring[_head];
        SharedBuffer owner = first.Slice.Owner;
        first = default;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
        memory.Remove(owner);
        owner.Release();
    }

    private ref TailBatch At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];

    private void Grow()
    {
        TailBatch[] larger = new TailBatch[Math.Max(4, _ring.Length * 2)];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = At(i);
        }
        _ring = larger;
        _head = 0;
    }
}
