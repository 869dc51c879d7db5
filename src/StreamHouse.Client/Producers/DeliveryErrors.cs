using StreamHouse.Records;

namespace StreamHouse.Client.Producers;

/// <summary>What senders are told when a batch could not be delivered.</summary>
internal static class DeliveryErrors
{
    public static StreamHouseException TimedOut(string topic, int partition, ProducerBatch batch, ProducerOptions options) => new(
        StreamHouseErrorCode.DeliveryTimedOut,
        $"{batch.RecordCount} records for {topic}/{partition} were not acknowledged within {options.DeliveryTimeout.TotalMilliseconds} ms"
        + (batch.LastError is { } last ? $"; last: {last.Message}" : "."),
        isRetriable: true,
        isOutcomeUnknown: batch.MayBeAppended,
        batch.LastError)
    {
        Topic = topic,
        Partition = partition,
    };

    public static StreamHouseException Unresolved(string topic, int partition, ProducerBatch batch) => new(
        StreamHouseErrorCode.OutOfOrderSequence,
        $"An earlier batch for {topic}/{partition} could not be delivered, and it is not known whether this one was appended: sending it again "
        + "could write it twice.",
        isRetriable: false,
        isOutcomeUnknown: true,
        batch.LastError)
    {
        Topic = topic,
        Partition = partition,
    };

    public static StreamHouseException CannotCompress(string topic, int partition, RecordFormatException cause) => new(
        StreamHouseErrorCode.UnsupportedCompression, cause.Message, inner: cause)
    {
        Topic = topic,
        Partition = partition,
    };
}
