using System.Buffers.Binary;

namespace StreamHouse.Records;

/// <summary>Writes into the header of a finished batch what its appender decides. Each batch must hold at least a header.</summary>
public static class RecordBatchStamp
{
    /// <summary>Stamps offset and leader epoch, which lie outside the CRC.</summary>
    public static void SetOffset(Span<byte> batch, long baseOffset, int partitionLeaderEpoch)
    {
        SetBaseOffset(batch, baseOffset);
        SetPartitionLeaderEpoch(batch, partitionLeaderEpoch);
    }

    /// <summary>Stamps the offset of the first record, which lies outside the CRC.</summary>
    public static void SetBaseOffset(Span<byte> batch, long baseOffset) =>
        BinaryPrimitives.WriteInt64BigEndian(Header(batch)[RecordBatchLayout.BaseOffset..], baseOffset);

    /// <summary>Stamps the leader epoch, which lies outside the CRC.</summary>
    public static void SetPartitionLeaderEpoch(Span<byte> batch, int partitionLeaderEpoch) =>
        BinaryPrimitives.WriteInt32BigEndian(Header(batch)[RecordBatchLayout.PartitionLeaderEpoch..], partitionLeaderEpoch);

    /// <summary>Makes <paramref name="timestamp"/> (Unix milliseconds) the append time of every record, and computes the CRC anew.</summary>
    public static void SetLogAppendTime(Span<byte> batch, long timestamp)
    {
        Span<byte> attributes = Header(batch)[RecordBatchLayout.Attributes..];
        short bits = BinaryPrimitives.ReadInt16BigEndian(attributes);
        BinaryPrimitives.WriteInt16BigEndian(attributes, (short)(bits | RecordBatchLayout.LogAppendTimeFlag));
        SetMaxTimestamp(batch, timestamp);
    }

    /// <summary>Corrects the greatest timestamp (Unix milliseconds), and computes the CRC anew.</summary>
    public static void SetMaxTimestamp(Span<byte> batch, long timestamp)
    {
        BinaryPrimitives.WriteInt64BigEndian(Header(batch)[RecordBatchLayout.MaxTimestamp..], timestamp);
        UpdateCrc(batch);
    }

    /// <summary>Stamps producer id, epoch and sequence of the first record (-1 each for none), and computes the CRC anew.</summary>
    public static void SetProducer(Span<byte> batch, long producerId, short producerEpoch, int baseSequence)
    {
        Span<byte> header = Header(batch);
        BinaryPrimitives.WriteInt64BigEndian(header[RecordBatchLayout.ProducerId..], producerId);
        BinaryPrimitives.WriteInt16BigEndian(header[RecordBatchLayout.ProducerEpoch..], producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(header[RecordBatchLayout.BaseSequence..], baseSequence);
        UpdateCrc(batch);
    }

    /// <summary>Computes the CRC over the batch, which must be exactly one, and stores it.</summary>
    public static void UpdateCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(Header(batch)[RecordBatchLayout.Crc..], Crc32C.Compute(batch[RecordBatchLayout.Attributes..]));

    private static Span<byte> Header(Span<byte> batch) => batch.Length >= RecordBatchLayout.Records
        ? batch[..RecordBatchLayout.Records]
        : throw new RecordFormatException(RecordBatchError.Truncated);
}
