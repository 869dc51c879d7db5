using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>Finds a record by time in one batch, decompressing it.</summary>
internal static class BatchTimestampSearch
{
    /// <summary>
    /// The first record at or above <paramref name="offsetMin"/> with a timestamp at or after <paramref name="timestampMs"/>; without one,
    /// the first record with the largest timestamp.
    /// </summary>
    public static OffsetResult? Find(SegmentCursor cursor, BufferPool pool, int decompressedBytesMax, long? timestampMs, long offsetMin)
    {
        SharedBuffer? scratch = null;
        try
        {
            using var reader = new RecordBatchReader(decompressedBytesMax);
            RecordBatchError error = reader.TryOpen(cursor.Read(pool, ref scratch), out RecordReader records);
            OffsetResult? found = error == RecordBatchError.None ? Find(ref records, timestampMs, offsetMin, cursor.Head.LeaderEpoch) : null;
            error = error == RecordBatchError.None ? records.Error : error;
            return error switch
            {
                RecordBatchError.None => found,
                RecordBatchError.CodecUnavailable => throw new BrokerException(
                    BrokerErrorCode.UnsupportedCompression, $"The batch at offset {cursor.Offset} cannot be searched by time. {RecordFormatException.Describe(error)}"),
                _ => throw cursor.Damaged(cursor.Head.Size, $"the batch at offset {cursor.Offset} cannot be read. {RecordFormatException.Describe(error)}"),
            };
        }
        finally
        {
            scratch?.Release();
        }
    }

    private static OffsetResult? Find(ref RecordReader records, long? timestampMs, long offsetMin, int leaderEpoch)
    {
        OffsetResult? best = null;
        while (records.Read())
        {
            ref readonly Record record = ref records.Current;
            if (record.Offset < offsetMin || record.Timestamp < timestampMs || (best is { } known && record.Timestamp <= known.TimestampMs))
            {
                continue;
            }
            best = new OffsetResult(record.Offset, record.Timestamp, leaderEpoch);
            if (timestampMs is not null)
            {
                break;
            }
        }
        return best;
    }
}
