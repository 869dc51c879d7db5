using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Audits;
using StreamHouse.Records;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The client of this repository, over gRPC.</summary>
internal sealed class DotnetClient(string address) : IInteropClient, IAsyncDisposable
{
    private readonly StreamHouseClient _client = new(address);

    public string Name => "dotnet";

    public IReadOnlyList<string> Codecs { get; } = [.. Enum.GetNames<CompressionCodec>().Select(n => n.ToLowerInvariant())];

    public bool CreatesTopics => false;

    public bool CanWrite(InteropRecord record) => true;

    public Task CreateTopicAsync(string topic, int partitions = 1, RecordDurability durability = RecordDurability.Local) =>
        _client.Admin.CreateTopicAsync(new NewTopic(topic) { Partitions = partitions, Durability = durability });

    public async Task ProduceAsync(string topic, string codec, IReadOnlyList<InteropRecord> records)
    {
        await using Producer producer = _client.CreateProducer(new ProducerOptions { Compression = Enum.Parse<CompressionCodec>(codec, ignoreCase: true) });
        List<Task<RecordMetadata>> sent = [];
        foreach (InteropRecord record in records)
        {
            RecordHeader[] headers = [.. record.Headers.Select(h => new RecordHeader(h.Name, AsMemory(h.Value)))];
            DateTimeOffset? time = record.TimestampMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
            sent.Add(producer.SendAsync(topic, record.Key, record.Value, headers, time, partition: 0).AsTask());
        }
        for (int i = 0; i < sent.Count; i++)
        {
            (await sent[i]).Offset.ShouldBe(i);
        }
    }

    public async Task<IReadOnlyDictionary<string, List<ReadRecord>>> ConsumeAsync(IReadOnlyDictionary<string, int> topics)
    {
        var read = topics.ToDictionary(t => t.Key, _ => new List<ReadRecord>());
        await using Consumer consumer = Assigned(topics);
        int missing = topics.Values.Sum();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        await foreach (ConsumedRecord r in consumer.WithCancellation(patience.Token))
        {
            InteropRecord record = new(
                r.Key?.ToArray(), r.Value?.ToArray(), [.. r.Headers.Select(h => (h.Key, h.Value?.ToArray()))], r.TimestampMs);
            read[r.Topic].Add(new ReadRecord(r.Offset, r.TimestampMs, record.Describe()));
            if (--missing == 0)
            {
                break;
            }
        }
        return read;
    }

    /// <summary>The values of all records that a topic holds now, by partition; the index is the offset.</summary>
    public async Task<Dictionary<int, List<string>>> ReadAllAsync(string topic)
    {
        Dictionary<int, List<string>> logs = [];
        long missing = 0;
        await using Consumer consumer = _client.CreateConsumer();
        foreach (OffsetInfo end in await _client.Admin.ListOffsetsAsync(topic, OffsetSpec.Latest))
        {
            logs.Add(end.Partition, []);
            missing += end.Offset;
        }
        consumer.Assign(topic, ConsumerStart.Earliest);
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(10));
        if (missing > 0)
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(patience.Token))
            {
                record.Offset.ShouldBe(logs[record.Partition].Count);
                logs[record.Partition].Add(Encoding.ASCII.GetString(record.Value!.Value.Span));
                if (--missing == 0)
                {
                    break;
                }
            }
        }
        return logs;
    }

    /// <summary>The idempotent producer, by id and epoch, of every record that a topic holds now; as in <see cref="ReadAllAsync"/>.</summary>
    public async Task<Dictionary<int, List<AuditIdentity>>> ReadProducersAsync(string topic)
    {
        Dictionary<int, List<AuditIdentity>> logs = [];
        long missing = 0;
        await using Consumer consumer = _client.CreateConsumer();
        foreach (OffsetInfo end in await _client.Admin.ListOffsetsAsync(topic, OffsetSpec.Latest))
        {
            logs.Add(end.Partition, []);
            missing += end.Offset;
        }
        consumer.Assign(topic, ConsumerStart.Earliest);
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(10));
        if (missing > 0)
        {
            await foreach (ConsumedBatch batches in consumer.ReadBatchesAsync(patience.Token))
            {
                missing -= AddProducers(batches.Encoded.Span, logs[batches.Partition]);
                if (missing <= 0)
                {
                    break;
                }
            }
        }
        return logs;
    }

    /// <summary>The codecs of a topic's batches in partition 0.</summary>
    public async Task<IReadOnlySet<string>> CodecsOfAsync(string topic, int records)
    {
        HashSet<string> codecs = [];
        long next = 0;
        await using Consumer consumer = Assigned(new Dictionary<string, int> { [topic] = records });
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        try
        {
            await foreach (ConsumedBatch batches in consumer.ReadBatchesAsync(patience.Token))
            {
                codecs.UnionWith(CodecsOf(batches.Encoded.Span));
                next = batches.NextOffset;
                if (next >= records)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{topic} ends at {next}, not {records}.");
        }
        return codecs;
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static int AddProducers(ReadOnlySpan<byte> batches, List<AuditIdentity> log)
    {
        int before = log.Count;
        foreach (RecordBatchView batch in new RecordBatchWalker(batches))
        {
            batch.BaseOffset.ShouldBe(log.Count);
            for (int i = 0; i < batch.RecordCount; i++)
            {
                log.Add(new AuditIdentity(batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence + i));
            }
        }
        return log.Count - before;
    }

    private static List<string> CodecsOf(ReadOnlySpan<byte> batches)
    {
        List<string> codecs = [];
        foreach (RecordBatchView batch in new RecordBatchWalker(batches))
        {
            codecs.Add(batch.Codec.ToString().ToLowerInvariant());
        }
        return codecs;
    }

    private Consumer Assigned(IReadOnlyDictionary<string, int> topics)
    {
        Consumer consumer = _client.CreateConsumer();
        foreach (string topic in topics.Keys)
        {
            consumer.Assign(topic, ConsumerStart.Earliest, [0]);
        }
        return consumer;
    }

    // Null, and not the empty memory that a null array converts to.
    private static ReadOnlyMemory<byte>? AsMemory(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : bytes.AsMemory();
}
