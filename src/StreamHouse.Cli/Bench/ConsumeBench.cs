using System.Diagnostics;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Bench;

/// <summary>What <c>bench consume</c> reads.</summary>
internal sealed record ConsumeBenchRequest
{
    public required string Topic { get; init; }

    public required long Records { get; init; }

    public required int[]? Partitions { get; init; }

    /// <summary>Whether to read what arrives from now on, and measure how old it is on arrival.</summary>
    public required bool FromEnd { get; init; }

    public required ConsumerOptions Consumer { get; init; }
}

/// <summary>Reads records, each to its bytes, and measures how fast they come.</summary>
internal sealed class ConsumeBench(ConsumeBenchRequest request, BenchMeter meter, TimeProvider clock)
{
    /// <summary>Reads until the count is reached or a signal comes.</summary>
    public async Task RunAsync(StreamHouseClient client, CancellationToken ct)
    {
        await using Consumer consumer = client.CreateConsumer(request.Consumer);
        consumer.Assign(request.Topic, request.FromEnd ? ConsumerStart.Latest : ConsumerStart.Earliest, request.Partitions);
        long left = request.Records;
        try
        {
            await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync(ct))
            {
                left -= Count(batch, left);
                if (left == 0)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // What was read counts.
        }
    }

    private long Count(ConsumedBatch batch, long recordsMax)
    {
        long records = 0;
        long bytes = 0;
        long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (ref readonly Record record in batch)
        {
            bytes += record.Value.Span.Length;
            if (request.FromEnd)
            {
                meter.RecordLatency((nowMs - record.Timestamp) * (Stopwatch.Frequency / 1000));
            }
            if (++records == recordsMax)
            {
                break;
            }
        }
        meter.Add(records, bytes);
        return records;
    }
}
