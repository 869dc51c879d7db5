using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Records;

namespace StreamHouse.Server.Http.Consume;

/// <summary>Takes records one at a time.</summary>
internal interface IRecordSink
{
    /// <summary>Takes a record, which is valid during the call only.</summary>
    /// <returns>Whether it wants more.</returns>
    bool Take(in Record record);
}

/// <summary>Walks fetched batches record by record, decompressing as needed.</summary>
internal static class FetchedRecords
{
    /// <summary>Hands over the records from <paramref name="offset"/> on.</summary>
    /// <returns>The offset to read next: after the last record taken, or after batches that hold none for the reader.</returns>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/> or <see cref="BrokerErrorCode.UnsupportedCompression"/>, naming the batch.</exception>
    public static long ReadInto(PartitionFetch fetch, long offset, RecordBatchReader reader, IRecordSink sink)
    {
        using var bytes = new FetchedBytes(fetch);
        long next = offset;
        var batches = new RecordBatchWalker(bytes.Memory.Span);
        while (batches.Read())
        {
            RecordBatchView batch = batches.Current;
            if (!batch.IsControl && !ReadBatch(batch, fetch.Partition.ToString(), reader, sink, ref next))
            {
                return next;
            }
            next = Math.Max(next, batch.NextOffset);
        }
        return batches.Error == RecordBatchError.None ? next : throw Damaged(fetch.Partition.ToString(), next, batches.Error);
    }

    private static bool ReadBatch(RecordBatchView batch, string partition, RecordBatchReader reader, IRecordSink sink, ref long next)
    {
        RecordBatchError error = reader.TryOpen(batch.Bytes, out RecordReader records);
        if (error != RecordBatchError.None)
        {
            throw Damaged(partition, batch.BaseOffset, error);
        }
        while (records.Read())
        {
            ref readonly Record record = ref records.Current;
            if (record.Offset < next)
            {
                continue;
            }
            next = record.Offset + 1;
            if (!sink.Take(record))
            {
                return false;
            }
        }
        return records.Error == RecordBatchError.None ? true : throw Damaged(partition, batch.BaseOffset, records.Error);
    }

    private static BrokerException Damaged(string partition, long offset, RecordBatchError error) => new(
        error is RecordBatchError.CodecUnavailable or RecordBatchError.UnknownCodec ? BrokerErrorCode.UnsupportedCompression : BrokerErrorCode.DataDamaged,
        $"The batch at offset {offset} of {partition} cannot be read: {RecordFormatException.Describe(error)}");
}
