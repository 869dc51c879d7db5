namespace StreamHouse.Records;

/// <summary>What is wrong with a record batch.</summary>
public enum RecordBatchError
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>There are fewer bytes than a header needs or the batch length says.</summary>
    Truncated,

    /// <summary>Bytes follow the end of the batch where exactly one batch is allowed.</summary>
    OverLong,

    /// <summary>The batch length field is smaller than a header, or negative.</summary>
    BadLength,

    /// <summary>Not format version 2.</summary>
    WrongMagic,

    /// <summary>The CRC-32C does not match the bytes.</summary>
    CorruptCrc,

    /// <summary>Attribute bits that the sender must not set.</summary>
    BadAttributes,

    /// <summary>The codec bits name no known codec.</summary>
    UnknownCodec,

    /// <summary>The record count is not positive, impossible for the size, or not the number of records in the batch.</summary>
    BadRecordCount,

    /// <summary>Offset deltas are not 0, 1, 2 …, or the last offset delta does not fit the record count.</summary>
    BadOffsetDelta,

    /// <summary>Producer id, epoch and sequence do not fit each other.</summary>
    BadProducer,

    /// <summary>A control batch from a producer, which only the broker may write.</summary>
    ControlBatchNotAllowed,

    /// <summary>A record's own bytes are malformed: a varint, a length or a header.</summary>
    MalformedRecord,

    /// <summary>The compressed bytes cannot be decompressed.</summary>
    CorruptCompression,

    /// <summary>The records decompress to more than the reader allows.</summary>
    DecompressionTooLarge,

    /// <summary>The system library of the codec is not installed.</summary>
    CodecUnavailable,
}
