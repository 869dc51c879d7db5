using System.Diagnostics.CodeAnalysis;
using StreamHouse.Client.Transport;
using StreamHouse.Records;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Records of one partition, where they were received: enumerating them allocates nothing, and their bytes are valid until the next batch is asked for.
/// For one enumeration at a time.
/// </summary>
public sealed class ConsumedBatch
{
    private readonly RecordBatchReader _reader;
    private readonly Delivery _delivery;

    internal ConsumedBatch(string topic, Prefetched item, RecordBatchReader reader)
    {
        Topic = topic;
        Partition = item.Cursor!.Partition;
        FirstOffset = item.From;
        NextOffset = item.Delivery!.NextOffset;
        HighWatermark = item.Delivery.HighWatermark;
        _delivery = item.Delivery;
        _reader = reader;
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>The offset that was asked for: no record is below it.</summary>
    public long FirstOffset { get; }

    /// <summary>The offset after the last record, where reading goes on.</summary>
    public long NextOffset { get; }

    /// <summary>Offset up to which records could be read when this was sent, exclusive.</summary>
    public long HighWatermark { get; }

    /// <summary>Bytes as received.</summary>
    public int SizeBytes => _delivery.Batches.Length;

    /// <summary>The encoded batches back to back; the first may begin below <see cref="FirstOffset"/>.</summary>
    public ReadOnlyMemory<byte> Encoded => _delivery.Batches;

    /// <summary>The records in order of their offsets.</summary>
    /// <exception cref="StreamHouseException">From the enumeration: a batch is damaged or cannot be decompressed.</exception>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Enumerates the records of a batch.</summary>
    public ref struct Enumerator
    {
        private readonly ConsumedBatch _batch;
        private RecordBatchWalker _batches;
        private RecordReader _records;

        internal Enumerator(ConsumedBatch batch)
        {
            _batch = batch;
            _batches = new RecordBatchWalker(batch._delivery.Batches.Span);
        }

        /// <summary>The record; valid until the next step.</summary>
        [UnscopedRef]
        public readonly ref readonly Record Current => ref _records.Current;

        /// <summary>Steps to the next record.</summary>
        public bool MoveNext()
        {
            while (true)
            {
                while (_records.Read())
                {
                    if (_records.Current.Offset >= _batch.FirstOffset)
                    {
                        return true;
                    }
                }
                if (_records.Error != RecordBatchError.None)
                {
                    throw Damaged(RecordFormatException.Describe(_records.Error), StreamHouseErrorCode.CorruptBatch);
                }
                if (!OpenNext())
                {
                    return false;
                }
            }
        }

        private bool OpenNext()
        {
            while (_batches.Read())
            {
                RecordBatchView view = _batches.Current;
                if (view.IsControl || view.LastOffset < _batch.FirstOffset)
                {
                    continue;
                }
                try
                {
                    _records = _batch._reader.Open(view.Bytes);
                    return true;
                }
                catch (RecordFormatException e)
                {
                    throw Damaged(
                        e.Message,
                        e.Error == RecordBatchError.CodecUnavailable ? StreamHouseErrorCode.UnsupportedCompression : StreamHouseErrorCode.CorruptBatch);
                }
            }
            return _batches.Error == RecordBatchError.None
                ? false
                : throw Damaged(RecordFormatException.Describe(_batches.Error), StreamHouseErrorCode.CorruptBatch);
        }

        private readonly StreamHouseException Damaged(string message, StreamHouseErrorCode code) =>
            new(code, $"{_batch.Topic}/{_batch.Partition} after offset {_batch.FirstOffset}: {message}")
            {
                Topic = _batch.Topic,
                Partition = _batch.Partition,
            };
    }
}
