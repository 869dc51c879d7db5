using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Walks the batches of one slice through the cache blocks it holds. The methods that look at bytes are synchronous and return false when
/// they need a block that is not held yet; <see cref="HoldAsync"/> then gets it. For one caller; dispose to let the blocks go.
/// </summary>
internal sealed class SegmentCursor : IDisposable
{
    private readonly SegmentCache _cache;
    private readonly SegmentRow _row;
    private readonly SegmentSource _source;
    private readonly List<SegmentBlock> _held = [];
    private readonly long _end;
    private long _needTo;
    private long _verifiedTo;
    private bool _hasHead;
    private BatchHead _head;

    public SegmentCursor(SegmentCache cache, SegmentRow row)
    {
        _cache = cache;
        _row = row;
        _source = SegmentSource.Of(row);
        _end = row.Position + row.Length;
        Position = row.Position;
        Offset = row.BaseOffset;
        if (row.Position < SegmentLayout.HeaderBytes || row.Length <= 0 || row.Length > row.ObjectBytes - row.Position)
        {
            throw _source.Damaged(
                $"Its {row.ObjectBytes} bytes cannot hold the slice of partition {row.Partition} at {row.Position}, {row.Length} bytes long.");
        }
    }

    /// <summary>Where the current batch begins in the object.</summary>
    public long Position { get; private set; }

    /// <summary>The current batch's base offset; at the end, the slice's end offset.</summary>
    public long Offset { get; private set; }

    public bool IsAtEnd => Position >= _end;

    /// <summary>The current batch, after <see cref="TryReadHead"/>.</summary>
    public BatchHead Head => _head;

    /// <summary>Moves to a batch whose place is known, ahead or back.</summary>
    public void MoveTo(SegmentIndexEntry entry)
    {
        // Blocks are held in one run that only grows ahead.
        Dispose();
        _verifiedTo = 0;
        Position = _row.Position + entry.Position;
        Offset = _row.BaseOffset + entry.OffsetDelta;
        _hasHead = false;
    }

    /// <summary>Steps over the current batch.</summary>
    public void MoveNext()
    {
        Position += _head.Size;
        Offset = _head.NextOffset;
        _hasHead = false;
    }

    /// <summary>Gets the blocks that the last call wanted, and lets those go that end at or before <paramref name="keepFrom"/>.</summary>
    public async ValueTask HoldAsync(long keepFrom, CancellationToken ct)
    {
        int passed = 0;
        while (passed < _held.Count && _held[passed].End <= keepFrom)
        {
            _held[passed++].Release();
        }
        _held.RemoveRange(0, passed);
        long next = _held.Count == 0 ? keepFrom : _held[^1].End;
        while (next < _needTo)
        {
            SegmentBlock block = _cache.TryGet(_source, next) ?? await _cache.GetAsync(_source, next, ct);
            _held.Add(block);
            next = block.End;
        }
    }

    /// <summary>Reads the current batch's header.</summary>
    /// <exception cref="BrokerException">There is no batch here that fits the manifest.</exception>
    public bool TryReadHead()
    {
        if (_hasHead)
        {
            return true;
        }
        if (_end - Position < RecordBatchLayout.Records)
        {
            throw Damaged(RecordBatchLayout.Records, "the slice ends within a batch");
        }
        if (!IsHeld(RecordBatchLayout.Records))
        {
            return false;
        }
        int i = IndexOf(Position);
        ReadOnlySpan<byte> rest = i + 1 < _held.Count ? _held[i + 1].Span : default;
        if (!BatchHead.TryRead(_held[i].Span[(int)(Position - _held[i].Start)..], rest, out _head))
        {
            throw Damaged(RecordBatchLayout.Records, "there is no batch header");
        }
        if (_head.BaseOffset != Offset || _head.NextOffset > _row.EndOffset || _head.Size > _end - Position || _head.LeaderEpoch > _row.Epoch)
        {
            throw Damaged(RecordBatchLayout.Records, $"the header of the batch at offset {Offset} contradicts the manifest");
        }
        _hasHead = true;
        return true;
    }

    /// <summary>Checks the current batch's CRC, unless that was done since its blocks were read.</summary>
    /// <exception cref="BrokerException">It differs.</exception>
    public bool TryVerify()
    {
        if (!IsHeld(_head.Size))
        {
            return false;
        }
        if (!IsVerified() && ComputeCrc() != _head.Crc)
        {
            throw Damaged(_head.Size, $"the checksum of the batch at offset {Offset} differs");
        }
        return true;
    }

    /// <summary>
    /// Adds the batches from a position up to the current batch, all of them held and verified, to an answer; their blocks remember that
    /// they are.
    /// </summary>
    public void Emit(long from, PartitionFetch target)
    {
        foreach (SegmentBlock block in _held)
        {
            long start = Math.Max(from, block.Start);
            long end = Math.Min(Position, block.End);
            if (start < end)
            {
                block.MarkVerified(start, end);
                block.Buffer!.Retain();
                target.Add(new BufferSlice(block.Buffer, (int)(start - block.Start), (int)(end - start)));
            }
        }
    }

    /// <summary>The verified current batch in one piece: where it lies, or copied into <paramref name="scratch"/> when it crosses blocks.</summary>
    public ReadOnlySpan<byte> Read(BufferPool pool, ref SharedBuffer? scratch)
    {
        int i = IndexOf(Position);
        int at = (int)(Position - _held[i].Start);
        if (_head.Size <= _held[i].Length - at)
        {
            return _held[i].Span.Slice(at, _head.Size);
        }
        scratch = pool.Rent(_head.Size);
        Span<byte> whole = scratch.Span[.._head.Size];
        int done = 0;
        while (done < whole.Length)
        {
            ReadOnlySpan<byte> piece = Piece(i++, Position + done, whole.Length - done);
            piece.CopyTo(whole[done..]);
            done += piece.Length;
        }
        return whole;
    }

    /// <summary>The error for damage at the current position; the blocks there are dropped from the cache.</summary>
    public BrokerException Damaged(int bytes, string what)
    {
        _cache.Drop(_source, Position, Math.Min(Position + bytes, _row.ObjectBytes));
        return _source.Damaged($"Partition {_row.Partition}, byte {Position}: {what}.");
    }

    public void Dispose()
    {
        foreach (SegmentBlock block in _held)
        {
            block.Release();
        }
        _held.Clear();
    }

    private int IndexOf(long position) => (int)((position - _held[0].Start) / _cache.BlockBytes);

    private bool IsHeld(int bytes)
    {
        _needTo = Position + bytes;
        return _held.Count > 0 && _held[0].Start <= Position && _held[^1].End >= _needTo;
    }

    private bool IsVerified()
    {
        long end = Position + _head.Size;
        long at = Position;
        for (int i = IndexOf(at); end > _verifiedTo; i++)
        {
            long verified = _held[i].VerifiedEnd(at);
            if (verified >= end)
            {
                _verifiedTo = verified;
            }
            else if (verified < _held[i].End)
            {
                return false;
            }
            at = _held[i].End;
        }
        return true;
    }

    private uint ComputeCrc()
    {
        uint crc = 0;
        long at = Position + RecordBatchLayout.Attributes;
        int left = _head.Size - RecordBatchLayout.Attributes;
        for (int i = IndexOf(at); left > 0; i++)
        {
            ReadOnlySpan<byte> piece = Piece(i, at, left);
            crc = Crc32C.Append(crc, piece);
            at += piece.Length;
            left -= piece.Length;
        }
        return crc;
    }

    private ReadOnlySpan<byte> Piece(int block, long position, int bytesMax)
    {
        int at = (int)(position - _held[block].Start);
        return _held[block].Span.Slice(at, Math.Min(bytesMax, _held[block].Length - at));
    }
}
