namespace StreamHouse.Broker.Buffers;

/// <summary>
/// A pinned, reference-counted array from a <see cref="BufferPool"/>. Whoever creates a slice that outlives the current call
/// takes a reference with <see cref="Retain"/>; the last <see cref="Release"/> gives the array back to its pool.
/// </summary>
public sealed class SharedBuffer
{
    private readonly BufferPool _pool;
    private readonly byte[] _array;
    private int _references;
    private int _answers;

    /// <summary>Batches in this buffer that a partition's tail still needs. Kept by <see cref="Partitions.TailMemory"/>.</summary>
    internal int TailBatches;

    /// <summary>Those of <see cref="TailBatches"/> that are not in objects yet. Kept by <see cref="Partitions.TailMemory"/>.</summary>
    internal int UntieredBatches;

    internal SharedBuffer(BufferPool pool, byte[] array)
    {
        _pool = pool;
        _array = array;
    }

    /// <summary>Rented size in bytes: what this buffer costs however little of it is used.</summary>
    public int Capacity => _array.Length;

    /// <summary>The whole array.</summary>
    public Memory<byte> Memory => _array;

    /// <summary>The whole array.</summary>
    public Span<byte> Span => _array;

    /// <summary>Adds a reference. Only a holder of a reference may call this.</summary>
    /// <exception cref="ObjectDisposedException">The buffer has gone back to its pool.</exception>
    public void Retain()
    {
        if (Interlocked.Increment(ref _references) <= 1)
        {
            throw new ObjectDisposedException(nameof(SharedBuffer), "A released buffer was retained: a reference was dropped too early.");
        }
    }

    /// <summary>Drops a reference; the last one returns the array to the pool.</summary>
    /// <exception cref="ObjectDisposedException">More releases than references.</exception>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            _pool.Return(this);
        }
        else if (left < 0)
        {
            throw new ObjectDisposedException(nameof(SharedBuffer), "A buffer was released more often than it was retained.");
        }
    }

    /// <summary>Whether an answer with a budget lies in this buffer.</summary>
    internal bool IsInAnswer => Volatile.Read(ref _answers) > 0;

    /// <summary>An answer with a budget (<see cref="Partitions.IFetchBudget"/>) lies in this buffer from now on.</summary>
    /// <returns>Bytes that this adds to the memory of all answers: the capacity for the first.</returns>
    internal int EnterAnswer() => Interlocked.Increment(ref _answers) == 1 ? Capacity : 0;

    /// <summary>One of these answers lies in this buffer no more.</summary>
    /// <returns>Bytes that this takes from the memory of all answers: the capacity for the last.</returns>
    internal int LeaveAnswer() => Interlocked.Decrement(ref _answers) == 0 ? Capacity : 0;

    internal void Activate() => Volatile.Write(ref _references, 1);
}
