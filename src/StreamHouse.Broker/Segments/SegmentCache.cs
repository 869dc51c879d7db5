using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Aligned blocks of objects in bounded memory. Each block is read once however many ask for it; the least recently used goes first;
/// a block that is evicted while readers hold it lives until they let go. Safe to use from any thread.
/// </summary>
public sealed class SegmentCache : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IObjectStore _store;
    private readonly BufferPool _pool;
    private readonly BrokerMetrics _metrics;
    private readonly SegmentCacheOptions _options;
    private readonly int _loadsMax;
    private readonly int _readAheadMax;
    private readonly Dictionary<(Guid Object, long Start), SegmentBlock> _blocks = [];
    private readonly Queue<SegmentBlock> _waiting = new();
    private readonly SegmentBlockList _recency = new();
    private readonly CancellationTokenSource _stopping = new();
    private long _bytes;
    private int _loads;
    private int _readAheads;
    private bool _disposed;

    /// <param name="store">Where the objects are.</param>
    /// <param name="pool">Where the memory comes from.</param>
    /// <param name="metrics">Hits, misses, bytes.</param>
    /// <param name="options">Limits; checked here.</param>
    public SegmentCache(IObjectStore store, BufferPool pool, BrokerMetrics metrics, SegmentCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is [string problem, ..])
        {
            throw new ArgumentException(problem, nameof(options));
        }
        _store = store;
        _pool = pool;
        _metrics = metrics;
        _options = options;
        long capacity = options.BytesMax / options.BlockBytes;
        _loadsMax = (int)Math.Min(options.LoadsInFlightMax, capacity / 2);
        _readAheadMax = (int)Math.Min(options.ReadAheadBlocks, capacity / 4);
    }

    /// <summary>Bytes of memory held by cached and loading blocks.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Limit of <see cref="Bytes"/>.</summary>
    public long BytesMax => _options.BytesMax;

    internal int BlockBytes => _options.BlockBytes;

    /// <summary>The block that holds <paramref name="position"/>, if it is in memory. The caller gets a reference.</summary>
    internal SegmentBlock? TryGet(in SegmentSource source, long position)
    {
        lock (_lock)
        {
            if (!_blocks.TryGetValue((source.Id, StartOf(position)), out SegmentBlock? block) || block.Buffer is null)
            {
                return null;
            }
            Touch(block);
            block.Buffer.Retain();
            _metrics.SegmentCacheHit();
            return block;
        }
    }

    /// <summary>The block that holds <paramref name="position"/>, read from the store if need be. The caller gets a reference.</summary>
    /// <exception cref="BrokerException">
    /// <see cref="BrokerErrorCode.DataDamaged"/> when the object is missing or shorter than it should be, <see cref="BrokerErrorCode.StorageFailed"/>
    /// when the store does not answer.
    /// </exception>
    internal async ValueTask<SegmentBlock> GetAsync(SegmentSource source, long position, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        SegmentBlock? toStart = null;
        SegmentBlock block;
        Task loaded;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            block = FindOrAdd(source, StartOf(position), out bool added);
            if (block.Buffer is not null)
            {
                Touch(block);
                block.Buffer.Retain();
                _metrics.SegmentCacheHit();
                return block;
            }
            ClearReadAhead(block);
            loaded = block.WhenLoaded();
            if (added)
            {
                toStart = Admit(block);
            }
        }
        Start(toStart);

        // Not cancelled half way: the load is shared, and whoever waits has been promised a reference.
        await loaded;
        if (block.Failure is { } failure)
        {
            throw new BrokerException(failure.Code, failure.Message, failure.InnerException);
        }
        return block;
    }

    /// <summary>
    /// Tells that a reader went through an object up to <paramref name="position"/> and will go on towards <paramref name="end"/>:
    /// reads the next blocks when the reader is sequential, that is when the block before its own is still here or it began at
    /// <paramref name="begin"/>.
    /// </summary>
    internal void ReadAhead(in SegmentSource source, long begin, long from, long position, long end)
    {
        for (int i = 1; i <= _readAheadMax; i++)
        {
            long start = StartOf(position) + ((long)i * _options.BlockBytes);
            if (start >= end)
            {
                return;
            }
            SegmentBlock? toStart;
            lock (_lock)
            {
                bool sequential = StartOf(from) <= StartOf(begin) || _blocks.ContainsKey((source.Id, StartOf(from) - _options.BlockBytes));
                bool room = _loads < _loadsMax && (_readAheads + 1L) * _options.BlockBytes <= _options.BytesMax / 2;
                if (_disposed || !sequential || !room)
                {
                    return;
                }
                SegmentBlock block = FindOrAdd(source, start, out bool added);
                if (!added)
                {
                    continue;
                }
                block.IsReadAhead = true;
                _readAheads++;
                toStart = Admit(block);
            }
            Start(toStart);
        }
    }

    /// <summary>Forgets the blocks between two positions, whose bytes turned out damaged, so that the next read asks the store again.</summary>
    internal void Drop(in SegmentSource source, long from, long to)
    {
        for (long start = StartOf(from); start < to; start += _options.BlockBytes)
        {
            lock (_lock)
            {
                if (_blocks.TryGetValue((source.Id, start), out SegmentBlock? block) && block.Buffer is not null)
                {
                    Evict(block);
                }
            }
        }
    }

    /// <summary>Gives all memory back that readers do not hold, and stops loading.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            while (_recency.Oldest is { } block)
            {
                Evict(block);
            }
        }
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private long StartOf(long position) => position & -(long)_options.BlockBytes;

    private SegmentBlock FindOrAdd(in SegmentSource source, long start, out bool added)
    {
        added = !_blocks.TryGetValue((source.Id, start), out SegmentBlock? block);
        if (block is null)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start, source.Bytes);
            block = new SegmentBlock(source, start, (int)Math.Min(_options.BlockBytes, source.Bytes - start));
            _blocks.Add((source.Id, start), block);
        }
        return block;
    }

    // Under the lock. Returns the block when its load may begin now; otherwise it waits its turn without costing memory.
    private SegmentBlock? Admit(SegmentBlock block)
    {
        if (_loads >= _loadsMax)
        {
            _waiting.Enqueue(block);
            return null;
        }
        _loads++;
        return block;
    }

    private void Start(SegmentBlock? block)
    {
        if (block is not null)
        {
            _ = LoadAsync(block);
        }
    }

    // Never throws: what goes wrong is kept in the block for those who wait for it.
    private async Task LoadAsync(SegmentBlock block)
    {
        SegmentBlock? next = block;
        while (next is not null)
        {
            block = next;
            SharedBuffer buffer = _pool.Rent(block.Length);
            MakeRoom(buffer.Capacity);
            BrokerException? failure = null;
            try
            {
                int read = await _store.ReadAsync(block.Source.Key, block.Start, buffer.Memory[..block.Length], _stopping.Token);
                if (read < block.Length)
                {
                    failure = block.Source.Damaged($"It ends at byte {block.Start + read} of {block.Source.Bytes}.");
                }
            }
            catch (ObjectNotFoundException e)
            {
                failure = new BrokerException(BrokerErrorCode.DataDamaged, $"Object '{block.Source.Key}' is missing from the object store.", e);
            }
            catch (ObjectStoreException e)
            {
                failure = new BrokerException(BrokerErrorCode.StorageFailed, $"Object '{block.Source.Key}' cannot be read. {e.Message}", e);
            }
            catch (OperationCanceledException e)
            {
                failure = new BrokerException(BrokerErrorCode.ShuttingDown, "The segment cache is closed.", e);
            }
            catch (Exception e)
            {
                // A fault of an adapter must reach those who wait: nobody else looks at this task.
                failure = new BrokerException(BrokerErrorCode.Internal, $"Object '{block.Source.Key}' cannot be read: {e.Message}", e);
            }
            next = Finish(block, buffer, failure);
            block.SignalLoaded();
        }
    }

    private SegmentBlock? Finish(SegmentBlock block, SharedBuffer buffer, BrokerException? failure)
    {
        lock (_lock)
        {
            block.Failure = failure ?? (_disposed ? new BrokerException(BrokerErrorCode.ShuttingDown, "The segment cache is closed.") : null);
            if (block.Failure is null)
            {
                block.Buffer = buffer;
                _recency.AddNewest(block);
                for (int i = 0; i < block.Waiters; i++)
                {
                    buffer.Retain();
                }
                _metrics.SegmentCacheMissed(block.Length);
            }
            else
            {
                _blocks.Remove((block.Source.Id, block.Start));
                ClearReadAhead(block);
                _bytes -= buffer.Capacity;
                buffer.Release();
            }
            if (_waiting.TryDequeue(out SegmentBlock? next))
            {
                return next;
            }
            _loads--;
            return null;
        }
    }

    private void MakeRoom(int bytes)
    {
        lock (_lock)
        {
            _bytes += bytes;
            while (_bytes > _options.BytesMax && _recency.Oldest is { } oldest)
            {
                Evict(oldest);
            }
        }
    }

    private void Evict(SegmentBlock block)
    {
        _recency.Remove(block);
        _blocks.Remove((block.Source.Id, block.Start));
        ClearReadAhead(block);
        _bytes -= block.Buffer!.Capacity;
        block.Buffer.Release();
    }

    private void Touch(SegmentBlock block)
    {
        ClearReadAhead(block);
        _recency.Remove(block);
        _recency.AddNewest(block);
    }

    private void ClearReadAhead(SegmentBlock block)
    {
        if (block.IsReadAhead)
        {
            block.IsReadAhead = false;
            _readAheads--;
        }
    }
}
