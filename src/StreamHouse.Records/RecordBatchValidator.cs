using System.Buffers.Binary;

namespace StreamHouse.Records;

/// <summary>
/// Says whether bytes are exactly one good batch. <see cref="Validate(ReadOnlySpan{byte}, RecordBatchOrigin)"/> looks at header and CRC and
/// allocates nothing; <see cref="ValidateRecords"/> reads every record as well, decompressing within the reader's limit.
/// </summary>
public static class RecordBatchValidator
{
    private const int KnownAttributes = RecordBatchLayout.CodecMask | RecordBatchLayout.LogAppendTimeFlag
        | RecordBatchLayout.TransactionalFlag | RecordBatchLayout.ControlFlag | RecordBatchLayout.DeleteHorizonFlag;

    /// <summary>Checks length, magic, CRC and every header field of a producer's batch.</summary>
    public static RecordBatchError Validate(ReadOnlySpan<byte> batch) => Validate(batch, RecordBatchOrigin.Producer);

    /// <summary>Checks length, magic, CRC and every header field of a batch from <paramref name="origin"/>.</summary>
    public static RecordBatchError Validate(ReadOnlySpan<byte> batch, RecordBatchOrigin origin)
    {
        RecordBatchError framing = CheckFraming(batch, out int sizeBytes);
        if (framing != RecordBatchError.None)
        {
            return framing;
        }

        if (batch.Length != sizeBytes)
        {
            return RecordBatchError.OverLong;
        }

        var view = new RecordBatchView(batch);
        if (view.Crc != view.ComputeCrc())
        {
            return RecordBatchError.CorruptCrc;
        }

        return CheckHeader(view, origin);
    }

    /// <summary>
    /// After <see cref="Validate(ReadOnlySpan{byte}, RecordBatchOrigin)"/>: reads every record and holds it against the header, so that
    /// a record count that lies, a malformed record or a decompression bomb is found before the batch is accepted.
    /// </summary>
    /// <param name="batch">Exactly one batch.</param>
    /// <param name="origin">Where the batch comes from.</param>
    /// <param name="reader">Decompresses, and sets the limit of bytes to decompress to.</param>
    /// <param name="content">What the records say; meaningful only when the result is <see cref="RecordBatchError.None"/>.</param>
    public static RecordBatchError ValidateRecords(
        ReadOnlySpan<byte> batch, RecordBatchOrigin origin, RecordBatchReader reader, out RecordBatchContent content)
    {
        content = default;
        RecordBatchError error = Validate(batch, origin);
        return error != RecordBatchError.None ? error : CheckRecords(batch, origin, reader, out content);
    }

    /// <summary>As <see cref="ValidateRecords"/> for a batch whose header and CRC are known to be good: looks at the records only.</summary>
    public static RecordBatchError CheckRecords(
        ReadOnlySpan<byte> batch, RecordBatchOrigin origin, RecordBatchReader reader, out RecordBatchContent content)
    {
        ArgumentNullException.ThrowIfNull(reader);
        content = default;
        RecordBatchError error = reader.TryOpen(batch, out RecordReader records);
        if (error != RecordBatchError.None)
        {
            return error;
        }

        var view = new RecordBatchView(batch);
        long baseOffset = view.BaseOffset;
        long lastOffsetDelta = view.LastOffsetDelta;
        long expected = 0;
        long maxTimestamp = long.MinValue;
        long offsetOfMax = 0;
        int keyless = 0;
        while (records.Read())
        {
            ref readonly Record record = ref records.Current;
            long delta = record.Offset - baseOffset;
            if (origin == RecordBatchOrigin.Producer ? delta != expected : delta < expected || delta > lastOffsetDelta)
            {
                return RecordBatchError.BadOffsetDelta;
            }

            expected = delta + 1;
            keyless += record.IsKeyNull ? 1 : 0;
            if (record.Timestamp > maxTimestamp)
            {
                maxTimestamp = record.Timestamp;
                offsetOfMax = record.Offset;
            }
        }

        content = new RecordBatchContent(maxTimestamp, offsetOfMax, keyless, records.PayloadBytes);
        return records.Error;
    }

    /// <summary>Checks that <paramref name="bytes"/> begin with a whole batch of version 2, and says how long it is.</summary>
    internal static RecordBatchError CheckFraming(ReadOnlySpan<byte> bytes, out int sizeBytes)
    {
        sizeBytes = 0;

        // Magic first: older formats have other sizes, and their senders deserve the right error.
        if (bytes.Length > RecordBatchLayout.Magic && bytes[RecordBatchLayout.Magic] != RecordBatchLayout.MagicV2)
        {
            return RecordBatchError.WrongMagic;
        }

        if (bytes.Length < RecordBatchLayout.LengthPrefixBytes)
        {
            return RecordBatchError.Truncated;
        }

        int batchLength = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchLayout.BatchLength..]);
        if (batchLength < RecordBatchLayout.BatchLengthMin)
        {
            return RecordBatchError.BadLength;
        }

        if (batchLength > bytes.Length - RecordBatchLayout.LengthPrefixBytes)
        {
            return RecordBatchError.Truncated;
        }

        sizeBytes = batchLength + RecordBatchLayout.LengthPrefixBytes;
        return RecordBatchError.None;
    }

    private static RecordBatchError CheckHeader(in RecordBatchView view, RecordBatchOrigin origin)
    {
        int attributes = view.Attributes;
        if ((attributes & RecordBatchLayout.CodecMask) > (int)CompressionCodec.Zstd)
        {
            return RecordBatchError.UnknownCodec;
        }

        int count = view.RecordCount;
        int lastOffsetDelta = view.LastOffsetDelta;
        int payloadBytes = view.Bytes.Length - RecordBatchLayout.Records;
        bool compressed = (attributes & RecordBatchLayout.CodecMask) != 0;
        if (count < 0 || (compressed ? count > 0 && payloadBytes == 0 : (long)count * RecordBatchLayout.RecordBytesMin > payloadBytes))
        {
            return RecordBatchError.BadRecordCount;
        }

        if (origin == RecordBatchOrigin.Log)
        {
            // Compaction removes records, even all of them, and keeps the offset range.
            return lastOffsetDelta < 0 || count - 1 > lastOffsetDelta ? RecordBatchError.BadOffsetDelta : RecordBatchError.None;
        }

        return CheckProducerHeader(view, attributes, count, lastOffsetDelta);
    }

    private static RecordBatchError CheckProducerHeader(in RecordBatchView view, int attributes, int count, int lastOffsetDelta)
    {
        if ((attributes & RecordBatchLayout.ControlFlag) != 0)
        {
            return RecordBatchError.ControlBatchNotAllowed;
        }

        if ((attributes & (~KnownAttributes | RecordBatchLayout.LogAppendTimeFlag | RecordBatchLayout.DeleteHorizonFlag)) != 0)
        {
            return RecordBatchError.BadAttributes;
        }

        if (count == 0)
        {
            return RecordBatchError.BadRecordCount;
        }

        if (lastOffsetDelta != count - 1)
        {
            return RecordBatchError.BadOffsetDelta;
        }

        // Without a producer id the other two fields mean nothing: some clients send zeros.
        bool producerFits = view.HasProducerId
            ? view.ProducerEpoch >= 0 && view.BaseSequence >= 0
            : view.ProducerId == -1 && (attributes & RecordBatchLayout.TransactionalFlag) == 0;
        return producerFits ? RecordBatchError.None : RecordBatchError.BadProducer;
    }
}
