using System.Buffers.Binary;

namespace StreamHouse.Records;

/// <summary>
/// The header fields of one batch, read where they lie. It checks only that a header is there; <see cref="RecordBatchValidator"/> says
/// whether the fields can be believed.
/// </summary>
public readonly ref struct RecordBatchView
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Looks at <paramref name="batch"/>, the bytes of exactly one batch.</summary>
    /// <exception cref="RecordFormatException">There are fewer than <see cref="RecordBatchLayout.Records"/> bytes.</exception>
    public RecordBatchView(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < RecordBatchLayout.Records)
        {
            throw new RecordFormatException(RecordBatchError.Truncated);
        }

        _bytes = batch;
    }

    /// <summary>The whole batch.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>What follows the header: records, or one compressed block of them.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[RecordBatchLayout.Records..];

    /// <summary>Offset of the first record.</summary>
    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes[RecordBatchLayout.BaseOffset..]);

    /// <summary>The length field: bytes after itself.</summary>
    public int BatchLength => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchLayout.BatchLength..]);

    /// <summary>Bytes of the whole batch by its length field; only a <see langword="long"/> holds every value the field may have.</summary>
    public long SizeBytes => RecordBatchLayout.LengthPrefixBytes + (long)BatchLength;

    /// <summary>Epoch of the leader that appended the batch, -1 before that.</summary>
    public int PartitionLeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchLayout.PartitionLeaderEpoch..]);

    /// <summary>The format version.</summary>
    public byte Magic => _bytes[RecordBatchLayout.Magic];

    /// <summary>The stored CRC-32C.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[RecordBatchLayout.Crc..]);

    /// <summary>The attribute bits; see <see cref="RecordBatchLayout"/>.</summary>
    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[RecordBatchLayout.Attributes..]);

    /// <summary>Last offset minus base offset.</summary>
    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchLayout.LastOffsetDelta..]);

    /// <summary>Offset of the last record.</summary>
    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset that follows the batch.</summary>
    public long NextOffset => BaseOffset + LastOffsetDelta + 1;

    /// <summary>What record timestamp deltas count from, Unix milliseconds.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[RecordBatchLayout.BaseTimestamp..]);

    /// <summary>The greatest timestamp, Unix milliseconds; with append time, that of every record.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[RecordBatchLayout.MaxTimestamp..]);

    /// <summary>Producer id, or -1.</summary>
    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[RecordBatchLayout.ProducerId..]);

    /// <summary>Producer epoch, or -1. Some clients send 0 without a producer id: look at <see cref="HasProducerId"/> first.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[RecordBatchLayout.ProducerEpoch..]);

    /// <summary>Sequence of the first record, or -1. Some clients send 0 without a producer id.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchLayout.BaseSequence..]);

    /// <summary>Sequence of the last record: sequences wrap from 2³¹−1 to 0.</summary>
    public int LastSequence => BaseSequence < 0 ? BaseSequence : (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>Number of records.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchLayout.RecordCount..]);

    /// <summary>The codec bits; values above <see cref="CompressionCodec.Zstd"/> are possible in an invalid batch.</summary>
    public CompressionCodec Codec => (CompressionCodec)(Attributes & RecordBatchLayout.CodecMask);

    /// <summary>Whether the producer is idempotent or transactional.</summary>
    public bool HasProducerId => ProducerId >= 0;

    /// <summary>Whether timestamps are the broker's append time.</summary>
    public bool IsLogAppendTime => (Attributes & RecordBatchLayout.LogAppendTimeFlag) != 0;

    /// <summary>Whether the batch is part of a transaction.</summary>
    public bool IsTransactional => (Attributes & RecordBatchLayout.TransactionalFlag) != 0;

    /// <summary>Whether the batch holds control records (see <see cref="ControlRecord"/>).</summary>
    public bool IsControl => (Attributes & RecordBatchLayout.ControlFlag) != 0;

    /// <summary>Whether <see cref="BaseTimestamp"/> is a delete horizon.</summary>
    public bool HasDeleteHorizon => (Attributes & RecordBatchLayout.DeleteHorizonFlag) != 0;

    /// <summary>Computes the CRC-32C that the batch should have.</summary>
    public uint ComputeCrc() => Crc32C.Compute(_bytes[RecordBatchLayout.Attributes..]);
}
