namespace StreamHouse.Records;

/// <summary>Where the fields of a RecordBatch v2 lie (Kafka's format, big-endian) and what their bits mean.</summary>
public static class RecordBatchLayout
{
    /// <summary>Position of the i64 offset of the first record. Outside the CRC.</summary>
    public const int BaseOffset = 0;

    /// <summary>Position of the i32 count of bytes that follow this field.</summary>
    public const int BatchLength = 8;

    /// <summary>Position of the i32 epoch of the leader that appended the batch. Outside the CRC.</summary>
    public const int PartitionLeaderEpoch = 12;

    /// <summary>Position of the format version byte. Magic 0 and 1 keep theirs at the same place.</summary>
    public const int Magic = 16;

    /// <summary>Position of the u32 CRC-32C of everything from <see cref="Attributes"/> to the end.</summary>
    public const int Crc = 17;

    /// <summary>Position of the i16 attributes; the first byte the CRC covers.</summary>
    public const int Attributes = 21;

    /// <summary>Position of the i32 last offset minus base offset.</summary>
    public const int LastOffsetDelta = 23;

    /// <summary>Position of the i64 timestamp that record deltas count from, in Unix milliseconds.</summary>
    public const int BaseTimestamp = 27;

    /// <summary>Position of the i64 greatest timestamp, in Unix milliseconds.</summary>
    public const int MaxTimestamp = 35;

    /// <summary>Position of the i64 producer id, or -1.</summary>
    public const int ProducerId = 43;

    /// <summary>Position of the i16 producer epoch, or -1.</summary>
    public const int ProducerEpoch = 51;

    /// <summary>Position of the i32 sequence of the first record, or -1.</summary>
    public const int BaseSequence = 53;

    /// <summary>Position of the i32 number of records.</summary>
    public const int RecordCount = 57;

    /// <summary>Position of the records; also the size of the header in bytes.</summary>
    public const int Records = 61;

    /// <summary>Bytes before <see cref="PartitionLeaderEpoch"/>, which <see cref="BatchLength"/> does not count.</summary>
    public const int LengthPrefixBytes = 12;

    /// <summary>The smallest legal value of <see cref="BatchLength"/>: a header without records.</summary>
    public const int BatchLengthMin = Records - LengthPrefixBytes;

    /// <summary>The format version this library reads and writes.</summary>
    public const byte MagicV2 = 2;

    /// <summary>The smallest record: a length and six fields of one byte each.</summary>
    public const int RecordBytesMin = 7;

    /// <summary>Attribute bits 0–2: the <see cref="CompressionCodec"/>.</summary>
    public const int CodecMask = 0x07;

    /// <summary>Attribute bit 3: timestamps are the broker's append time, held in the maxTimestamp field.</summary>
    public const int LogAppendTimeFlag = 0x08;

    /// <summary>Attribute bit 4: part of a transaction.</summary>
    public const int TransactionalFlag = 0x10;

    /// <summary>Attribute bit 5: holds control records, which consumers never show.</summary>
    public const int ControlFlag = 0x20;

    /// <summary>Attribute bit 6: baseTimestamp holds a delete horizon (set by compaction only).</summary>
    public const int DeleteHorizonFlag = 0x40;
}
