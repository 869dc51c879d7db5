namespace StreamHouse.Broker.Buffers;

/// <summary>
/// Packs small batches into shared 1 MiB slabs, so that a batch of a few bytes does not pin the whole request it came in.
/// </summary>
internal sealed class SlabArena(BufferPool pool)
{
    /// <summary>Batches below this size are copied into slabs; larger ones stay where they were read.</summary>
    public const int SmallBatchBytesMax = 16 * 1024;

    private const int SlabBytes = 1 << 20;

    private readonly Lock _lock = new();
    private SharedBuffer? _slab;
    private int _used;

    /// <summary>Copies <paramref name="bytes"/> into a slab. The caller owns one reference to the slice's buffer.</summary>
    public BufferSlice Store(ReadOnlySpan<byte> bytes)
    {
        BufferSlice slice;
        lock (_lock)
        {
            if (_slab is null || _used + bytes.Length > SlabBytes)
            {
                _slab?.Release();
                _slab = pool.Rent(SlabBytes);
                _used = 0;
            }
            _slab.Retain();
            slice = new BufferSlice(_slab, _used, bytes.Length);
            _used += bytes.Length;
        }
        bytes.CopyTo(slice.Span);
        return slice;
    }
}
