using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.Client.Retries;
using StreamHouse.Records;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>
/// One idempotent producer with a client of its own, that writes bursts of records to partitions of all topics until it is stopped, and enters every
/// acknowledgement in the ledger.
/// </summary>
internal sealed class AuditProducer : IAsyncDisposable
{
    private readonly int _number;
    private readonly AuditLedger _ledger;
    private readonly AuditPartition[] _partitions;
    private readonly int[] _next;
    private readonly Random _random;
    private readonly bool _mayGiveUp;
    private readonly StreamHouseClient _client;
    private readonly Producer _producer;
    private readonly SemaphoreSlim _window;
    private readonly List<Task> _sends = [];

    private AuditProducer(int number, string address, IEnumerable<AuditPartition> partitions, AuditLedger ledger, int seed, TimeSpan? deliveryTimeout)
    {
        _number = number;
        _ledger = ledger;
        _partitions = [.. partitions];
        _next = new int[_partitions.Length];
        _random = new Random(seed ^ (number * 7919));
        _mayGiveUp = deliveryTimeout is not null;
        _window = new SemaphoreSlim(400);
        _client = new StreamHouseClient(address);
        CompressionCodec[] codecs = [CompressionCodec.None, CompressionCodec.Lz4, CompressionCodec.None, CompressionCodec.Gzip, CompressionCodec.Zstd];
        int[] batches = [100, 1, 10, 1000];
        _producer = _client.CreateProducer(new ProducerOptions
        {
            BatchRecordsMax = batches[number % batches.Length],
            BatchBytesMax = 60_000,
            Linger = TimeSpan.FromMilliseconds(number % 3 * 10),
            InFlightPerPartitionMax = (number % 5) + 1,
            Compression = codecs[number % codecs.Length],
            DeliveryTimeout = deliveryTimeout ?? TimeSpan.FromMinutes(10),
            Retry = new RetryOptions { BackoffMax = TimeSpan.FromMilliseconds(100) },
        });
    }

    /// <summary>Writes until <paramref name="stop"/>, then waits for what is outstanding, and closes. Never fails: the ledger has what went wrong.</summary>
    /// <param name="number">Its number, unique in the audit; decides how it batches and compresses.</param>
    /// <param name="address">The server.</param>
    /// <param name="partitions">Where it writes.</param>
    /// <param name="ledger">Where it enters what it was told.</param>
    /// <param name="seed">Decides what it writes when.</param>
    /// <param name="deliveryTimeout">When it gives a record up; null for never, and then giving up is a fault.</param>
    /// <param name="stop">Ends the writing.</param>
    public static async Task RunAsync(
        int number, string address, IEnumerable<AuditPartition> partitions, AuditLedger ledger, int seed, TimeSpan? deliveryTimeout, CancellationToken stop)
    {
        try
        {
            await using AuditProducer producer = new(number, address, partitions, ledger, seed, deliveryTimeout);
            await producer.WriteAsync(stop);
        }
        catch (Exception e)
        {
            ledger.Fault($"Producer {number} failed: {e}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _client.DisposeAsync();
        _window.Dispose();
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            int partition = _random.Next(_partitions.Length);
            for (int burst = _random.Next(1, 40); burst > 0 && !stop.IsCancellationRequested; burst--)
            {
                await _window.WaitAsync(CancellationToken.None);
                _sends.Add(SendAsync(partition));
            }
            // Not kept beyond their end: long audits send millions.
            _sends.RemoveAll(t => t.IsCompletedSuccessfully);
            await Task.Delay(_random.Next(0, 8), CancellationToken.None);
        }
        await Task.WhenAll(_sends);
    }

    private async Task SendAsync(int index)
    {
        AuditPartition at = _partitions[index];
        AuditRecord record = new(_number, _next[index]++);
        try
        {
            RecordMetadata metadata = await _producer.SendAsync(at.Topic, record.Key(), record.Value(), record.Headers(), partition: at.Partition);
            _ledger.Acknowledge(at, metadata.Offset, record);
        }
        catch (StreamHouseException e)
        {
            _ledger.GiveUp();
            // One that gave a batch up does not know either what became of those sent after it: they end as out of order.
            if (!_mayGiveUp || !(e.IsRetriable || e.Code is StreamHouseErrorCode.DeliveryTimedOut or StreamHouseErrorCode.OutOfOrderSequence))
            {
                _ledger.Fault($"{at}: {record} was refused: {e.Code} {e.Message}");
            }
        }
        finally
        {
            _window.Release();
        }
    }
}
