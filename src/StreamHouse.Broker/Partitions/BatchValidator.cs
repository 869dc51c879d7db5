using System.Collections.Concurrent;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Records.Compression;

namespace StreamHouse.Broker.Partitions;

/// <summary>Decides whether a producer's batch may enter a log, before anything is sequenced.</summary>
internal sealed class BatchValidator
{
    private readonly ConcurrentBag<RecordBatchReader> _readers = [];

    /// <summary>Checks a batch and corrects a maximum timestamp that does not match its records.</summary>
    /// <returns>None, or why the batch is refused, with a message.</returns>
    public (BrokerErrorCode Error, string? Message) Check(Span<byte> batch, TopicConfig config)
    {
        if (batch.Length > config.MaxMessageBytes)
        {
            return (BrokerErrorCode.BatchTooLarge,
                $"The batch has {batch.Length} bytes; the topic's max.message.bytes is {config.MaxMessageBytes}. Send smaller batches or raise the setting.");
        }
        RecordBatchReader reader = _readers.TryTake(out RecordBatchReader? idle) ? idle : new RecordBatchReader();
        RecordBatchError error = RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out RecordBatchContent content);
        _readers.Add(reader);
        if (error == RecordBatchError.CodecUnavailable && batch.Length >= RecordBatchLayout.Records)
        {
            return (BrokerErrorCode.UnsupportedCompression, CodecAvailability.Missing(new RecordBatchView(batch).Codec).Message);
        }
        if (error != RecordBatchError.None)
        {
            return (CodeOf(error), RecordFormatException.Describe(error));
        }
        RecordBatchView view = new(batch);
        if (view.IsTransactional)
        {
            return (BrokerErrorCode.InvalidRecord, "The batch belongs to a transaction; transactions are not supported.");
        }
        if (view.MaxTimestamp != content.MaxTimestamp)
        {
            RecordBatchStamp.SetMaxTimestamp(batch, content.MaxTimestamp);
        }
        return (BrokerErrorCode.None, null);
    }

    private static BrokerErrorCode CodeOf(RecordBatchError error) => error switch
    {
        RecordBatchError.Truncated or RecordBatchError.OverLong or RecordBatchError.BadLength or RecordBatchError.WrongMagic
            or RecordBatchError.CorruptCrc or RecordBatchError.MalformedRecord or RecordBatchError.CorruptCompression => BrokerErrorCode.CorruptBatch,
        RecordBatchError.BadAttributes or RecordBatchError.BadRecordCount or RecordBatchError.BadOffsetDelta or RecordBatchError.BadProducer
            or RecordBatchError.ControlBatchNotAllowed => BrokerErrorCode.InvalidRecord,
        RecordBatchError.DecompressionTooLarge => BrokerErrorCode.BatchTooLarge,
        RecordBatchError.UnknownCodec or RecordBatchError.CodecUnavailable => BrokerErrorCode.UnsupportedCompression,
        RecordBatchError.None => throw new ArgumentOutOfRangeException(nameof(error), error, "Not an error."),
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a record batch error."),
    };
}
