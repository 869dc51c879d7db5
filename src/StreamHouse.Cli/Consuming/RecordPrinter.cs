using System.Buffers;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;
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
            await using Consumer consumer = NewConsumer();
            await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync(ct))
            {
                long next = Write(batch, ct);
                if (request.Group is not null)
                {
                    await CommitAsync(consumer, batch, next, ct);
                }
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

    private Consumer NewConsumer()
    {
        if (request.Group is null)
        {
            Consumer alone = client.CreateConsumer(new ConsumerOptions { OffsetReset = OffsetReset.Fail, StartConsistency = request.Consistency });
            alone.Assign(request.Topic, request.Start, _ends is { } some ? [.. some.Unfinished] : request.Partitions);
            return alone;
        }
        Consumer member = client.CreateConsumer(new ConsumerOptions
        {
            Group = request.Group,
            StartConsistency = request.Consistency,
            OffsetReset = request.Start == ConsumerStart.Latest ? OffsetReset.Latest : OffsetReset.Earliest,
            Membership = new GroupMemberOptions { ClientId = "streamctl", AutoCommit = false },
        });
        member.Subscribe([request.Topic]);
        return member;
    }

    // What is committed has been written; what was written may come again to somebody else when the group has moved on meanwhile.
    private async Task CommitAsync(Consumer consumer, ConsumedBatch batch, long next, CancellationToken ct)
    {
        Flush();
        if (next < batch.NextOffset)
        {
            consumer.Seek(batch.Topic, batch.Partition, ConsumerStart.At(next));
        }
        await consumer.CommitAsync(ct);
    }

    /// <returns>The offset after the last record written of the batch.</returns>
    private long Write(ConsumedBatch batch, CancellationToken ct)
    {
        long end = _ends?.Of(batch.Partition) ?? long.MaxValue;
        long next = batch.NextOffset;
        foreach (ref readonly Record record in batch)
        {
            if (record.Offset >= end || _left == 0)
            {
                next = record.Offset;
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
        return next;
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
