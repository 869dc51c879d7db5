using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Tests.Objects;

namespace StreamHouse.Tests.Segments;

public sealed class SegmentCacheTests
{
    private const int Block = 64 * 1024;

    [Fact]
    public async Task Many_readers_of_one_block_read_it_once()
    {
        using var world = new SegmentWorld();
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)))))[0];
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Memory.BeforeRead = (_, _) => gate.Task;

        Task<(byte[] Bytes, long)>[] reads = [.. Enumerable.Range(0, 50).Select(_ => world.ReadAsync(row, 0, 100))];
        gate.SetResult();
        foreach ((byte[] bytes, _) in await Task.WhenAll(reads))
        {
            bytes.Length.ShouldBe((int)row.Length);
        }
        world.Memory.Reads.ShouldBe(1);
    }

    [Fact]
    public async Task Ten_thousand_slices_of_one_object_read_its_table_once()
    {
        using var world = new SegmentWorld();
        byte[] batch = SegmentWorld.Batch(0, 1, 1000);
        IReadOnlyList<SegmentRow> rows = await world.PutAsync(
            SegmentWorld.Build(1, [.. Enumerable.Range(0, 10_000).Select(p => world.Slice(p, 1, null, batch))]));
        int blocks = (int)((rows[0].ObjectBytes + (1 << 20) - 1) >> 20);

        foreach (SegmentRow row in rows)
        {
            (await world.Reader.ReadProducerSnapshotAsync(row, default)).Producers.ShouldBeEmpty();
        }
        world.Memory.Reads.ShouldBeLessThanOrEqualTo(blocks);
        SegmentTable table = await world.Reader.ReadTableAsync(rows[0].ObjectId, rows[0].Key, rows[0].ObjectBytes, default);
        table.ShouldBeSameAs(await world.Reader.ReadTableAsync(rows[0].ObjectId, rows[0].Key, rows[0].ObjectBytes, default));
    }

    [Fact]
    public async Task Memory_stays_within_the_limit_and_what_readers_hold_is_never_overwritten()
    {
        using var world = new SegmentWorld(new SegmentCacheOptions { BlockBytes = Block, BytesMax = 4 * Block, ReadAheadBlocks = 1 });
        byte[][] batches = [.. Enumerable.Range(0, 400).Select(i => SegmentWorld.Batch(i * 3, 3, 1000, valueBytes: 1000))];
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, batches))))[0];
        row.Length.ShouldBeGreaterThan(15 * Block);

        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (seed, ct) =>
        {
            var random = new Random(seed);
            var held = new Queue<(FetchResult Result, int First)>();
            for (int i = 0; i < 300; i++)
            {
                int first = random.Next(400);
                var fetch = new PartitionFetch { Partition = row.Partition };
                await world.Reader.ReadAsync(row, first * 3, random.Next(200_000), true, fetch, ct);
                held.Enqueue((new FetchResult([fetch]), first));
                world.Cache.Bytes.ShouldBeLessThanOrEqualTo(4 * Block + (4 * Block / 2));
                if (held.Count > 5)
                {
                    (FetchResult result, int from) = held.Dequeue();
                    byte[] bytes = MemoryObjectStore.Join([.. result.Partitions[0].Slices.Select(s => (ReadOnlyMemory<byte>)s.Memory)]);
                    int at = 0;
                    while (at < bytes.Length)
                    {
                        bytes.AsSpan(at, batches[from].Length).SequenceEqual(batches[from]).ShouldBeTrue();
                        at += batches[from++].Length;
                    }
                    result.Dispose();
                }
            }
        });
        world.Cache.Bytes.ShouldBeLessThanOrEqualTo(4 * Block);
    }

    [Fact]
    public async Task A_sequential_reader_finds_its_next_block_already_read_and_a_random_one_causes_no_extra_reads()
    {
        using var world = new SegmentWorld(new SegmentCacheOptions { BlockBytes = Block, BytesMax = 64 * Block, ReadAheadBlocks = 2 });
        byte[][] batches = [.. Enumerable.Range(0, 200).Select(i => SegmentWorld.Batch(i, 1, 1000, valueBytes: 8000))];
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, batches))))[0];

        await world.ReadAsync(row, 0, 1);
        world.Memory.Reads.ShouldBe(3);

        // In the second block: the index (one read) and one more block ahead.
        await world.ReadAsync(row, 12, 1);
        world.Memory.Reads.ShouldBe(5);

        using var random = new SegmentWorld(new SegmentCacheOptions { BlockBytes = Block, BytesMax = 64 * Block, ReadAheadBlocks = 2 }, world.Memory);
        int before = world.Memory.Reads;
        await random.ReadAsync(row, 100, 1);

        // The footer with the table and index, and the block itself.
        (world.Memory.Reads - before).ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task A_cancelled_reader_leaves_the_block_to_others()
    {
        using var world = new SegmentWorld();
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)))))[0];
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () =>
            await world.Reader.ReadAsync(row, 0, 10, true, new PartitionFetch { Partition = row.Partition }, cancelled.Token));
        (await world.ReadAsync(row, 0, 10)).NextOffset.ShouldBe(3);
    }

    [Fact]
    public async Task Closing_gives_the_memory_back_and_fails_later_reads()
    {
        using var world = new SegmentWorld();
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)))))[0];
        await world.ReadAsync(row, 0, 10);
        world.Cache.Bytes.ShouldBeGreaterThan(0);
        world.Cache.Dispose();
        world.Cache.Bytes.ShouldBe(0);
        await Should.ThrowAsync<ObjectDisposedException>(world.ReadAsync(row, 0, 10));
    }

    [Fact]
    public void Options_out_of_range_are_all_told() =>
        new SegmentCacheOptions { BlockBytes = 100, BytesMax = 1, ReadAheadBlocks = -1, LoadsInFlightMax = 0, TableBytesMax = 0 }.Validate().Count.ShouldBe(5);
}
