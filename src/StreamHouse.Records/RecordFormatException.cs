namespace StreamHouse.Records;

/// <summary>Bytes are not a valid record batch, or a batch cannot be made of what was asked for.</summary>
public sealed class RecordFormatException : Exception
{
    /// <summary>Says what is wrong in the words of <see cref="Describe"/>.</summary>
    public RecordFormatException(RecordBatchError error)
        : this(error, Describe(error))
    {
    }

    /// <summary>Says what is wrong in words of the caller's.</summary>
    public RecordFormatException(RecordBatchError error, string message)
        : base(message) => Error = error;

    /// <summary>What is wrong.</summary>
    public RecordBatchError Error { get; }

    /// <summary>A sentence for people about <paramref name="error"/>, fit for an error response.</summary>
    public static string Describe(RecordBatchError error) => error switch
    {
        RecordBatchError.None => "The record batch is valid.",
        RecordBatchError.Truncated => "The record batch is truncated: it holds fewer bytes than its length field says.",
        RecordBatchError.OverLong => "Bytes follow the end of the record batch.",
        RecordBatchError.BadLength => "The record batch's length field is smaller than a batch header.",
        RecordBatchError.WrongMagic => "The record batch is not of format version 2 (magic byte).",
        RecordBatchError.CorruptCrc => "The record batch is corrupt: its CRC-32C does not match its bytes.",
        RecordBatchError.BadAttributes => "The record batch's attributes have bits that a producer must not set.",
        RecordBatchError.UnknownCodec => "The record batch's attributes name an unknown compression codec.",
        RecordBatchError.BadRecordCount => "The record batch's record count is not the number of records in it.",
        RecordBatchError.BadOffsetDelta => "The record batch's offset deltas do not fit its record count.",
        RecordBatchError.BadProducer => "The record batch's producer id, epoch and sequence do not fit each other.",
        RecordBatchError.ControlBatchNotAllowed => "Producers may not write control batches.",
        RecordBatchError.MalformedRecord => "A record in the batch is malformed.",
        RecordBatchError.CorruptCompression => "The compressed records cannot be decompressed.",
        RecordBatchError.DecompressionTooLarge => "The records decompress to more bytes than allowed.",
        RecordBatchError.CodecUnavailable => "The compression codec's system library is not installed.",
        _ => $"The record batch is invalid ({error}).",
    };

    internal static void ThrowIf(RecordBatchError error)
    {
        if (error != RecordBatchError.None)
        {
            throw new RecordFormatException(error);
        }
    }
}
