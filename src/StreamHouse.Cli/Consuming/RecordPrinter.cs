using System.Buffers;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Consuming;

/// <summary>Reads records and writes them out, whole batches at a time.</summary>
internal sealed class RecordPrinter(StreamHouseClient client, ConsumeRequest request, RecordFormatter formatter, Stream output)
{
    private const int FlushBytes = 128 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushBytes);
    private PartitionEnds? _ends;
    private long _left = request.RecordsMax;

    /// <summary>Reads until the end, the limit or a signal.</summary>
    /// <returns>Whether a signal ended it.</returns>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        try
        {
            // Asked also when following: an unknown topic or partition is an error at once.
            PartitionEnds ends = await PartitionEnds.FindAsync(client.Admin, request, ct);
            _ends = request.Follows ? null : ends;
            if (_ends is { IsFinished: true })
            {
                return false;
            }
            await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { OffsetReset = OffsetReset.Fail });
            consumer.Assign(request.Topic, request.Start, _ends is { } some ? [.. some.Unfinished] : request.Partitions);
            await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync(ct))
            {
                Write(batch, ct);
                if (_left == 0 || _ends is { IsFinished: true })
                {
                    break;
                }
                if (_ends is null)
                {
                    // Who follows wants to see a record when it is there, not when the next one comes.
                    Flush();
                }
            }
            Flush();
            return false;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            Flush();
            return true;
        }
        catch (StreamHouseException)
        {
            // What came before the failure is shown.
            Flush();
            throw;
        }
    }

    private void Write(ConsumedBatch batch, CancellationToken ct)
    {
        long end = _ends?.Of(batch.Partition) ?? long.MaxValue;
        foreach (ref readonly Record record in batch)
        {
            if (record.Offset >= end || _left == 0)
            {
                break;
            }
            _left--;
            formatter.Write(_buffer, batch.Topic, batch.Partition, record);
            if (_buffer.WrittenCount >= FlushBytes)
            {
                Flush();
                ct.ThrowIfCancellationRequested();
            }
        }
        _ends?.Advance(batch.Partition, batch.NextOffset);
    }

    private void Flush()
    {
        if (_buffer.WrittenCount > 0)
        {
            output.Write(_buffer.WrittenSpan);
            output.Flush();
            _buffer.ResetWrittenCount();
        }
    }
}
