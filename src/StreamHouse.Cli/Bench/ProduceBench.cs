using System.Diagnostics;
using StreamHouse.Client;
using StreamHouse.Client.Producers;

namespace StreamHouse.Cli.Bench;

/// <summary>What <c>bench produce</c> sends.</summary>
internal sealed record ProduceBenchRequest
{
    public required string Topic { get; init; }

    public required long Records { get; init; }

    public required int ValueBytes { get; init; }

    /// <summary>Records per second; 0 for as fast as possible.</summary>
    public required long Rate { get; init; }

    public required int[] Partitions { get; init; }

    /// <summary>Whether each record waits for the acknowledgement of the one before.</summary>
    public required bool OneAtATime { get; init; }

    public required ProducerOptions Producer { get; init; }
}

/// <summary>Sends records and measures how long their acknowledgements take.</summary>
internal sealed class ProduceBench(ProduceBenchRequest request, BenchMeter meter)
{
    private readonly SendTimes[] _times = [.. request.Partitions.Select(_ => new SendTimes())];
    private readonly Dictionary<int, int> _indexes = request.Partitions.Select((p, i) => (p, i)).ToDictionary(p => p.p, p => p.i);

    // Not all alike, so that a codec has work to do; text, so that a person can read it.
    private readonly byte[] _values = [.. Enumerable.Range(0, request.ValueBytes + 4096).Select(i => (byte)('a' + (((i * 2654435761L) >> 13) % 26)))];

    private StreamHouseException? _error;

    /// <summary>Sends all records, or until cancelled or the first failure, and waits for those on their way.</summary>
    public async Task RunAsync(StreamHouseClient client, CancellationToken ct)
    {
        await using Producer producer = client.CreateProducer(request.Producer with { OnDelivery = request.OneAtATime ? null : OnDelivery });
        try
        {
            if (request.OneAtATime)
            {
                await SendOneByOneAsync(producer, ct);
            }
            else
            {
                await SendAllAsync(producer, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // What was sent counts.
        }
        await producer.FlushAsync(CancellationToken.None);
    }

    private async Task SendAllAsync(Producer producer, CancellationToken ct)
    {
        SendPace pace = new(request.Rate);

        // A batch's worth to a partition, then to the next: as records without keys travel.
        int run = request.Rate == 0 ? request.Producer.BatchRecordsMax : 1;
        int at = 0;
        int left = run;
        long clockAt = 0;
        DateTimeOffset timestamp = default;
        for (long i = 0; i < request.Records && Volatile.Read(ref _error) is null; i++)
        {
            long sendAt = pace.TimeOf(i);
            SendPace.WaitUntil(sendAt, ct);
            if (sendAt - clockAt > Stopwatch.Frequency / 1000)
            {
                clockAt = sendAt;
                timestamp = DateTimeOffset.UtcNow;
                ct.ThrowIfCancellationRequested();
            }
            if (left-- == 0)
            {
                at = at + 1 == _times.Length ? 0 : at + 1;
                left = run - 1;
            }
            _times[at].Add(sendAt);
            ValueTask taken = producer.EnqueueAsync(
                request.Topic, default, ValueOf(i), timestamp: timestamp, partition: request.Partitions[at], ct: ct);
            if (!taken.IsCompletedSuccessfully)
            {
                await taken;
            }
        }
    }

    private async Task SendOneByOneAsync(Producer producer, CancellationToken ct)
    {
        SendPace pace = new(request.Rate);
        for (long i = 0; i < request.Records; i++)
        {
            ct.ThrowIfCancellationRequested();
            long sendAt = pace.TimeOf(i);
            SendPace.WaitUntil(sendAt, ct);
            await producer.SendAsync(
                request.Topic, default, ValueOf(i), partition: request.Partitions[(int)(i % request.Partitions.Length)], ct: CancellationToken.None);
            meter.Complete(sendAt, request.ValueBytes);
        }
    }

    private ReadOnlySpan<byte> ValueOf(long index) => _values.AsSpan((int)(index & 4095), request.ValueBytes);

    private void OnDelivery(BatchDelivery batch)
    {
        SendTimes times = _times[_indexes[batch.Partition]];
        if (batch.Error is { } error)
        {
            times.Drop(batch.RecordCount);
            meter.Fail(batch.RecordCount);
            Interlocked.CompareExchange(ref _error, error, null);
            return;
        }
        meter.Complete(times, batch.RecordCount, (long)batch.RecordCount * request.ValueBytes);
    }
}
