using System.Text;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Tests.Objects;

namespace StreamHouse.Tests.Segments;

/// <summary>Generated segments in a store, with a reader over them.</summary>
internal sealed class SegmentWorld : IDisposable
{
    public static readonly Guid Cluster = new("c1000000-0000-4000-8000-000000000001");
    public static readonly Guid Incarnation = new("a1000000-0000-4000-8000-000000000002");
    public static readonly DateTimeOffset Created = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    public static readonly TopicId Topic = new(new Guid("70000000-0000-4000-8000-000000000003"));

    private readonly BrokerMetrics _metrics = new();

    public SegmentWorld(SegmentCacheOptions? options = null, IObjectStore? store = null)
    {
        options ??= new SegmentCacheOptions();
        Store = store ?? Memory;
        Cache = new SegmentCache(Store, Pool, _metrics, options);
        Reader = new SegmentReader(Cache, Pool, options, 1 << 20);
    }

    public BufferPool Pool { get; } = new(1 << 20);

    public MemoryObjectStore Memory { get; } = new();

    public IObjectStore Store { get; }

    public SegmentCache Cache { get; }

    public SegmentReader Reader { get; }

    public static TopicPartition Partition(int number) => new(Topic, number);

    public static Guid ObjectId(int number) => new(number, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 9);

    /// <summary>One batch with records "v{offset}" (padded) at timestamp = start + 10 × index.</summary>
    public static byte[] Batch(long baseOffset, int records, long timestamp, int epoch = 1, int valueBytes = 16, CompressionCodec codec = CompressionCodec.None)
    {
        using var builder = new RecordBatchBuilder();
        for (int i = 0; i < records; i++)
        {
            builder.Add(timestamp + (10 * i), default, Encoding.ASCII.GetBytes($"v{baseOffset + i}".PadRight(valueBytes, '.')));
        }
        return builder.Build(new RecordBatchOptions { BaseOffset = baseOffset, PartitionLeaderEpoch = epoch, Codec = codec }).ToArray();
    }

    /// <summary>A slice of these batches, each in a buffer of its own.</summary>
    public SliceInput Slice(int partition, long epoch, ProducerSnapshot? producers, params byte[][] batches)
    {
        var pieces = new List<BufferSlice>();
        foreach (byte[] batch in batches)
        {
            SharedBuffer buffer = Pool.Rent(batch.Length);
            batch.CopyTo(buffer.Span);
            pieces.Add(new BufferSlice(buffer, 0, batch.Length));
        }
        return new SliceInput
        {
            Partition = Partition(partition),
            TopicName = "orders",
            Epoch = epoch,
            BaseOffset = new RecordBatchView(batches[0]).BaseOffset,
            EndOffset = new RecordBatchView(batches[^1]).NextOffset,
            LogStartOffset = 0,
            Batches = pieces,
            Producers = producers ?? ProducerSnapshot.Empty,
        };
    }

    public static SegmentObject Build(int objectNumber, params SliceInput[] slices)
    {
        var builder = new SegmentBuilder(ObjectId(objectNumber), Cluster, Incarnation, Created);
        foreach (SliceInput slice in slices)
        {
            builder.AddSlice(slice);
        }
        return builder.Build();
    }

    public async Task<IReadOnlyList<SegmentRow>> PutAsync(SegmentObject built)
    {
        await Store.PutAsync(built.Key, built.Content, CancellationToken.None);
        return Rows(built);
    }

    public static IReadOnlyList<SegmentRow> Rows(SegmentObject built) => [.. built.ToCommit(Incarnation).Slices.Select(s => new SegmentRow(
        s.Partition, s.BaseOffset, s.EndOffset, s.Epoch, built.Id, built.Key, built.Bytes, s.Position, s.Length, s.MaxTimestamp, s.Records, Created))];

    /// <summary>Reads once and copies the bytes out.</summary>
    public async Task<(byte[] Bytes, long NextOffset)> ReadAsync(SegmentRow row, long offset, int bytesMax, bool wholeFirstBatch = true)
    {
        using var result = new FetchResult([new PartitionFetch { Partition = row.Partition }]);
        PartitionFetch target = result.Partitions[0];
        SegmentReadResult read = await Reader.ReadAsync(row, offset, bytesMax, wholeFirstBatch, target, CancellationToken.None);
        target.Bytes.ShouldBe(read.Bytes);
        return (MemoryObjectStore.Join([.. target.Slices.Select(s => (ReadOnlyMemory<byte>)s.Memory)]), read.NextOffset);
    }

    public void Dispose()
    {
        Cache.Dispose();
        _metrics.Dispose();
    }
}
