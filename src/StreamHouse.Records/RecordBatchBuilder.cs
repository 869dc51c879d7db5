using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using StreamHouse.Records.Compression;

namespace StreamHouse.Records;

/// <summary>
/// Builds batches in pooled memory: add records, build, reset, and again; nothing is allocated per record. For one caller at a time.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private const int InitialBytesDefault = 16 * 1024;

    private byte[] _buffer;
    private int _at = RecordBatchLayout.Records;
    private int _count;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private PooledBytes? _compressed;
    private Compressor? _compressor;

    /// <summary>An empty builder with room for <paramref name="initialBytes"/>; it grows as needed.</summary>
    public RecordBatchBuilder(int initialBytes = InitialBytesDefault)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialBytes);
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(initialBytes, RecordBatchLayout.Records));
    }

    /// <summary>Records added since the last <see cref="Reset"/>.</summary>
    public int Count => _count;

    /// <summary>Bytes of the batch as it stands: exact when uncompressed, and never exceeded when compressed.</summary>
    public int SizeBytes => _at;

    /// <summary>Greatest timestamp added, Unix milliseconds; -1 when empty.</summary>
    public long MaxTimestamp => _count == 0 ? -1 : _maxTimestamp;

    /// <summary>Exactly what <see cref="SizeBytes"/> would be after adding this record.</summary>
    public long SizeBytesWith(long timestamp, OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        long body = RecordSize.BodyBytes(DeltaOf(timestamp), _count, key.LengthOrMinusOne, value.LengthOrMinusOne, headers);
        return _at + Varint.Size(body) + body;
    }

    /// <summary>Adds a record.</summary>
    /// <param name="timestamp">Unix milliseconds, or -1 for none.</param>
    /// <param name="key">The key, which may be null.</param>
    /// <param name="value">The value, which may be null.</param>
    /// <param name="headers">Headers in the order to keep.</param>
    /// <exception cref="RecordFormatException">The batch would pass 2 GiB.</exception>
    public void Add(long timestamp, OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        if (!TryAdd(timestamp, key, value, headers, Array.MaxLength))
        {
            throw new RecordFormatException(RecordBatchError.OverLong, "A record batch cannot hold more than 2 GiB.");
        }
    }

    /// <summary>Adds a record unless the batch, uncompressed, would then exceed <paramref name="batchBytesMax"/>.</summary>
    /// <returns>Whether the record was added.</returns>
    public bool TryAdd(long timestamp, OptionalBytes key, OptionalBytes value, ReadOnlySpan<RecordHeader> headers, int batchBytesMax)
    {
        long timestampDelta = DeltaOf(timestamp);
        long body = RecordSize.BodyBytes(timestampDelta, _count, key.LengthOrMinusOne, value.LengthOrMinusOne, headers);
        long end = _at + Varint.Size(body) + body;
        if (end > Math.Min(batchBytesMax, Array.MaxLength))
        {
            return false;
        }

        if (end > _buffer.Length)
        {
            Grow((int)end);
        }

        Span<byte> output = _buffer.AsSpan(0, (int)end);
        int at = _at;
        Varint.Write(output, ref at, (int)body);
        output[at++] = 0;
        Varint.Write(output, ref at, timestampDelta);
        Varint.Write(output, ref at, _count);
        Write(output, ref at, key);
        Write(output, ref at, value);
        Varint.Write(output, ref at, headers.Length);
        foreach (ref readonly RecordHeader header in headers)
        {
            at = Write(output, at, header);
        }

        // After the writes, so that an exception (a header without a key) leaves the batch as it was.
        _baseTimestamp = _count == 0 ? timestamp : _baseTimestamp;
        _maxTimestamp = _count == 0 ? timestamp : Math.Max(_maxTimestamp, timestamp);
        _count++;
        _at = at;
        return true;
    }

    /// <summary>
    /// Finishes the batch, CRC included, in the builder's own memory: valid until the builder is added to, built again, reset or disposed.
    /// Building again with other options is allowed.
    /// </summary>
    /// <exception cref="RecordFormatException">There is no record, or the codec's library is missing.</exception>
    public Memory<byte> Build(RecordBatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (_count == 0)
        {
            throw new RecordFormatException(RecordBatchError.BadRecordCount, "A record batch needs at least one record.");
        }

        Memory<byte> batch = _buffer.AsMemory(0, _at);
        CompressionCodec codec = options.Codec;
        if (codec != CompressionCodec.None)
        {
            Memory<byte> compressed = Compress(codec);
            bool smaller = compressed.Length < batch.Length;
            batch = smaller ? compressed : batch;
            codec = smaller ? codec : CompressionCodec.None;
        }

        WriteHeader(batch.Span, codec, options);
        return batch;
    }

    /// <summary>Finishes the batch and copies it to <paramref name="output"/>.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="RecordFormatException">There is no record, or the codec's library is missing.</exception>
    public int Build(RecordBatchOptions options, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Memory<byte> batch = Build(options);
        output.Write(batch.Span);
        return batch.Length;
    }

    /// <summary>Forgets the records and keeps the memory.</summary>
    public void Reset()
    {
        _at = RecordBatchLayout.Records;
        _count = 0;
    }

    /// <summary>Returns the memory to the pool.</summary>
    public void Dispose()
    {
        Reset();
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _compressed?.Dispose();
        _compressor?.Dispose();
    }

    private long DeltaOf(long timestamp) => _count == 0 ? 0 : unchecked(timestamp - _baseTimestamp);

    private Memory<byte> Compress(CompressionCodec codec)
    {
        _compressor ??= new Compressor();
        _compressed ??= new PooledBytes(Array.MaxLength);
        _compressed.Clear();
        _compressed.Room(RecordBatchLayout.Records);
        _compressed.Advance(RecordBatchLayout.Records);
        _compressor.Compress(codec, _buffer.AsSpan(RecordBatchLayout.Records, _at - RecordBatchLayout.Records), _compressed);
        return _compressed.Memory;
    }

    private void WriteHeader(Span<byte> batch, CompressionCodec codec, RecordBatchOptions options)
    {
        int attributes = (int)codec
            | (options.IsTransactional ? RecordBatchLayout.TransactionalFlag : 0)
            | (options.IsControl ? RecordBatchLayout.ControlFlag : 0);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseOffset..], options.BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BatchLength..], batch.Length - RecordBatchLayout.LengthPrefixBytes);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.PartitionLeaderEpoch..], options.PartitionLeaderEpoch);
        batch[RecordBatchLayout.Magic] = RecordBatchLayout.MagicV2;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.Attributes..], (short)attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.LastOffsetDelta..], _count - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseTimestamp..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestamp..], _maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.RecordCount..], _count);
        RecordBatchStamp.SetProducer(batch, options.ProducerId, options.ProducerEpoch, options.BaseSequence);
    }

    private static int Write(Span<byte> output, int at, in RecordHeader header)
    {
        int name = Encoding.UTF8.GetByteCount(header.Key);
        Varint.Write(output, ref at, name);
        at += Encoding.UTF8.GetBytes(header.Key, output[at..]);
        Write(output, ref at, header.Value);
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Span<byte> output, ref int at, OptionalBytes bytes)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        Varint.Write(output, ref at, bytes.LengthOrMinusOne);
        span.CopyTo(output[at..]);
        at += span.Length;
    }

    private void Grow(int bytes)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(bytes, _buffer.Length * 2L), Array.MaxLength));
        _buffer.AsSpan(0, _at).CopyTo(larger);
        byte[] old = _buffer;
        _buffer = larger;
        ArrayPool<byte>.Shared.Return(old);
    }
}
