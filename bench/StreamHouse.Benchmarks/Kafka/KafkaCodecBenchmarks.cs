using BenchmarkDotNet.Attributes;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Kafka.Messages;
using StreamHouse.Kafka.Produce;

namespace StreamHouse.Benchmarks.Kafka;

/// <summary>What the protocol costs for each produce and fetch: 100 partitions of one topic in a request.</summary>
public class KafkaCodecBenchmarks : IDisposable
{
    private const int Partitions = 100;
    private const short ProduceVersion = 11;
    private const short FetchVersion = 16;

    private readonly ProduceRequestView _produceView = new();
    private readonly FetchRequestView _fetchView = new();
    private readonly FetchResponseFrame _fetchFrame = new();
    private readonly KafkaBuffer _buffer = new();
    private byte[] _produce = [];
    private byte[] _fetch = [];

    [GlobalCleanup]
    public void Dispose()
    {
        _fetchFrame.Dispose();
        _buffer.Dispose();
        GC.SuppressFinalize(this);
    }

    [GlobalSetup]
    public void Setup()
    {
        _produce = Bytes(ProduceVersion, new ProduceRequest
        {
            TopicData = [new() { Name = "orders", PartitionData = [.. Range(p => new ProduceRequest.Partition { Index = p, Records = new byte[1000] })] }],
        });
        _fetch = Bytes(FetchVersion, new FetchRequest
        {
            Topics = [new() { TopicId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), Partitions = [.. Range(p => new FetchRequest.Partition { PartitionIndex = p })] }],
        });
    }

    [Benchmark]
    public int ReadProduce()
    {
        KafkaReader reader = new(_produce);
        _produceView.Read(ref reader, ProduceVersion);
        return _produceView.Partitions.Length;
    }

    [Benchmark]
    public int WriteProduceResponse()
    {
        _buffer.Clear();
        ProduceResponseWriter writer = new(_buffer, ProduceVersion, 1, topicCount: 1);
        writer.BeginTopic("orders", Partitions);
        for (int p = 0; p < Partitions; p++)
        {
            writer.WritePartition(new ProducePartitionResult { Index = p, BaseOffset = 1000 });
        }

        writer.EndTopic();
        writer.End();
        return _buffer.Length;
    }

    [Benchmark]
    public int ReadFetch()
    {
        KafkaReader reader = new(_fetch);
        _fetchView.Read(ref reader, FetchVersion);
        return _fetchView.Partitions.Length;
    }

    [Benchmark]
    public int WriteFetchResponse()
    {
        _fetchFrame.Begin(FetchVersion, 1, topicCount: 1);
        _fetchFrame.BeginTopic("orders", Guid.Empty, Partitions);
        for (int p = 0; p < Partitions; p++)
        {
            _fetchFrame.WritePartition(new FetchPartitionResult { PartitionIndex = p, HighWatermark = 1000, RecordsBytes = 1000 });
        }

        _fetchFrame.EndTopic();
        _fetchFrame.End();
        return _fetchFrame.PieceCount;
    }

    private static IEnumerable<T> Range<T>(Func<int, T> element) => Enumerable.Range(0, Partitions).Select(element);

    private static byte[] Bytes<T>(short version, T message)
        where T : IKafkaMessage<T>
    {
        using KafkaBuffer buffer = new();
        KafkaWriter writer = new(buffer);
        message.Write(ref writer, version);
        return buffer.WrittenSpan.ToArray();
    }
}
