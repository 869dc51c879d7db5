using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Producers;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Reads slices of objects through the cache. Every error names the object, and for damage the partition and the position. Damage in one slice
/// does not touch the others. A caller that meets <see cref="BrokerErrorCode.DataDamaged"/> reads the manifest again before it believes it:
/// retention may have removed the slice meanwhile. Safe to use from any thread.
/// </summary>
public sealed class SegmentReader
{
    // A slice this short is walked from its start: cheaper than reading its object's table.
    private const int WalkBytesMax = 2 * SegmentLayout.IndexIntervalBytes;

    private readonly SegmentCache _cache;
    private readonly SegmentTableCache _tables;
    private readonly BufferPool _pool;
    private readonly int _decompressedBytesMax;

    /// <param name="cache">Where blocks come from.</param>
    /// <param name="pool">Memory for batches that cross blocks.</param>
    /// <param name="options">The cache's options: the limit of the tables.</param>
    /// <param name="decompressedBytesMax">What one batch may decompress to when it is searched by time, in bytes.</param>
    public SegmentReader(SegmentCache cache, BufferPool pool, SegmentCacheOptions options, int decompressedBytesMax)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(decompressedBytesMax);
        _cache = cache;
        _pool = pool;
        _decompressedBytesMax = decompressedBytesMax;
        _tables = new SegmentTableCache(cache, options.TableBytesMax);
    }

    /// <summary>What a piece of an object costs in memory at least, however little of it is read.</summary>
    internal int BlockBytes => _cache.BlockBytes;

    /// <summary>
    /// Adds whole batches to an answer, from the one that holds <paramref name="offset"/> on, as they lie in the cache: each piece carries a
    /// reference, nothing is copied. Stops at the slice's end; the caller goes on with the next row. When anything goes wrong after the first
    /// batch, what was read until then is returned and the next read meets the error.
    /// </summary>
    /// <param name="row">The slice.</param>
    /// <param name="offset">First offset wanted; in the row's range.</param>
    /// <param name="bytesMax">Most bytes to add.</param>
    /// <param name="wholeFirstBatch">Adds the first batch even when it is larger than that.</param>
    /// <param name="target">Where to.</param>
    /// <exception cref="BrokerException">
    /// <see cref="BrokerErrorCode.DataDamaged"/> or <see cref="BrokerErrorCode.StorageFailed"/>; nothing was added then.
    /// </exception>
    public async ValueTask<SegmentReadResult> ReadAsync(
        SegmentRow row, long offset, int bytesMax, bool wholeFirstBatch, PartitionFetch target, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, row.BaseOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, row.EndOffset);
        using var cursor = new SegmentCursor(_cache, row);
        await MoveToOffsetAsync(cursor, row, offset, ct);
        long first = cursor.Position;
        if (cursor.Head.Size > bytesMax && !wholeFirstBatch)
        {
            return new SegmentReadResult(0, offset);
        }
        try
        {
            bool more = true;
            while (more)
            {
                while (!TryTake(cursor, first, bytesMax, out more))
                {
                    await cursor.HoldAsync(first, ct);
                }
            }
        }
        catch (BrokerException) when (cursor.Position > first)
        {
            // The good batches go out; whoever reads on meets the bad one first.
        }
        cursor.Emit(first, target);
        _cache.ReadAhead(SegmentSource.Of(row), row.Position, first, cursor.Position - 1, row.Position + row.Length);
        return new SegmentReadResult((int)(cursor.Position - first), cursor.Offset);
    }

    /// <summary>The first record, at or above an offset, whose timestamp is at or after the given one.</summary>
    /// <returns>Null when the slice has none.</returns>
    /// <exception cref="BrokerException">As <see cref="ReadAsync"/>; also <see cref="BrokerErrorCode.UnsupportedCompression"/>.</exception>
    public async ValueTask<OffsetResult?> FindTimestampAsync(SegmentRow row, long timestampMs, long offsetMin, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.MaxTimestamp < timestampMs || row.EndOffset <= offsetMin)
        {
            return null;
        }
        using var cursor = new SegmentCursor(_cache, row);
        if (row.Length > WalkBytesMax)
        {
            SegmentIndex index = await GetIndexAsync(row, ct);
            int from = offsetMin > row.BaseOffset ? index.FindOffset(offsetMin - row.BaseOffset) : 0;
            int entry = index.FindTimestamp(timestampMs, from);
            if (entry < 0)
            {
                return null;
            }
            cursor.MoveTo(index[entry]);
        }
        while (!cursor.IsAtEnd)
        {
            await ReadHeadAsync(cursor, ct);

            // A careless producer's header may promise a timestamp that no record has: then the search goes on.
            if (cursor.Head.MaxTimestamp >= timestampMs && cursor.Head.NextOffset > offsetMin
                && await SearchAsync(cursor, timestampMs, offsetMin, ct) is { } found)
            {
                return found;
            }
            cursor.MoveNext();
        }
        return null;
    }

    /// <summary>The first record with the largest timestamp at or above an offset.</summary>
    /// <returns>Null when the slice has no records there.</returns>
    /// <exception cref="BrokerException">As <see cref="FindTimestampAsync"/>.</exception>
    public async ValueTask<OffsetResult?> FindMaxTimestampAsync(SegmentRow row, long offsetMin, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.EndOffset <= offsetMin)
        {
            return null;
        }
        using var cursor = new SegmentCursor(_cache, row);
        long? largest = null;
        SegmentIndexEntry best = default;
        bool whole = offsetMin <= row.BaseOffset;
        if (whole && row.Length > WalkBytesMax)
        {
            SegmentIndex index = await GetIndexAsync(row, ct);
            cursor.MoveTo(index[index.FindMaxTimestamp()]);
        }
        while (!cursor.IsAtEnd)
        {
            await ReadHeadAsync(cursor, ct);
            if (cursor.Head.NextOffset > offsetMin && (largest is null || cursor.Head.MaxTimestamp > largest))
            {
                largest = cursor.Head.MaxTimestamp;
                best = new SegmentIndexEntry((uint)(cursor.Offset - row.BaseOffset), (uint)(cursor.Position - row.Position), largest.Value);
            }
            if (whole && largest >= row.MaxTimestamp)
            {
                break;
            }
            cursor.MoveNext();
        }
        if (largest is null)
        {
            return null;
        }
        cursor.MoveTo(best);
        await ReadHeadAsync(cursor, ct);
        return await SearchAsync(cursor, null, offsetMin, ct);
    }

    /// <summary>Producer state as of exactly the slice's end.</summary>
    /// <exception cref="BrokerException">As <see cref="ReadAsync"/>.</exception>
    public async ValueTask<ProducerSnapshot> ReadProducerSnapshotAsync(SegmentRow row, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(row);
        SegmentSlice slice = await GetSliceAsync(row, ct);
        return await _tables.ReadSnapshotAsync(SegmentSource.Of(row), slice, ct);
    }

    /// <summary>An object's table, verified.</summary>
    /// <param name="objectId">The object.</param>
    /// <param name="key">Its key.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="BrokerException">As <see cref="ReadAsync"/>.</exception>
    public ValueTask<SegmentTable> ReadTableAsync(Guid objectId, string key, long bytes, CancellationToken ct) =>
        _tables.GetAsync(new SegmentSource(objectId, key, bytes), ct);

    private async ValueTask MoveToOffsetAsync(SegmentCursor cursor, SegmentRow row, long offset, CancellationToken ct)
    {
        if (offset > row.BaseOffset && row.Length > WalkBytesMax)
        {
            SegmentIndex index = await GetIndexAsync(row, ct);
            cursor.MoveTo(index[index.FindOffset(offset - row.BaseOffset)]);
        }
        while (!TrySkipTo(cursor, offset))
        {
            await cursor.HoldAsync(cursor.Position, ct);
        }
    }

    private static bool TrySkipTo(SegmentCursor cursor, long offset)
    {
        while (cursor.TryReadHead())
        {
            if (cursor.Head.NextOffset > offset)
            {
                return true;
            }
            cursor.MoveNext();
        }
        return false;
    }

    // True when done, with `more` false; false when a block must be held first.
    private static bool TryTake(SegmentCursor cursor, long first, int bytesMax, out bool more)
    {
        more = true;
        while (!cursor.IsAtEnd)
        {
            if (!cursor.TryReadHead())
            {
                return false;
            }
            if (cursor.Position > first && cursor.Position - first + cursor.Head.Size > bytesMax)
            {
                break;
            }
            if (!cursor.TryVerify())
            {
                return false;
            }
            cursor.MoveNext();
        }
        more = false;
        return true;
    }

    private static async ValueTask ReadHeadAsync(SegmentCursor cursor, CancellationToken ct)
    {
        while (!cursor.TryReadHead())
        {
            await cursor.HoldAsync(cursor.Position, ct);
        }
    }

    private async ValueTask<OffsetResult?> SearchAsync(SegmentCursor cursor, long? timestampMs, long offsetMin, CancellationToken ct)
    {
        while (!cursor.TryVerify())
        {
            await cursor.HoldAsync(cursor.Position, ct);
        }
        return BatchTimestampSearch.Find(cursor, _pool, _decompressedBytesMax, timestampMs, offsetMin);
    }

    private async ValueTask<SegmentSlice> GetSliceAsync(SegmentRow row, CancellationToken ct)
    {
        SegmentSource source = SegmentSource.Of(row);
        SegmentTable table = await _tables.GetAsync(source, ct);
        SegmentSlice? slice = table.Find(row.Partition);
        if (slice is null || slice.Position != row.Position || slice.Length != row.Length
            || slice.BaseOffset != row.BaseOffset || slice.EndOffset != row.EndOffset)
        {
            throw source.Damaged($"Its table contradicts the manifest about partition {row.Partition}, offsets {row.BaseOffset} to {row.EndOffset}.");
        }
        return slice;
    }

    private async ValueTask<SegmentIndex> GetIndexAsync(SegmentRow row, CancellationToken ct) =>
        await _tables.GetIndexAsync(SegmentSource.Of(row), await GetSliceAsync(row, ct), ct);
}
