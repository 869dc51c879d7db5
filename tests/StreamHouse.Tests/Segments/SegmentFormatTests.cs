using System.Diagnostics;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;
using StreamHouse.Records;

namespace StreamHouse.Tests.Segments;

public sealed class SegmentFormatTests
{
    [Fact]
    public void A_small_segment_has_exactly_these_bytes()
    {
        using var world = new SegmentWorld();
        byte[] batch = SegmentWorld.Batch(5, 1, 1000, epoch: 3, valueBytes: 2);
        var producers = new ProducerSnapshot([new ProducerEntry(7, 1, [new ProducedBatch(2, 2, 5, 1000)])]);
        SegmentObject built = SegmentWorld.Build(1, world.Slice(4, 3, producers, batch));
        string hex = Convert.ToHexStringLower([.. built.Content.SelectMany(piece => piece.ToArray())]);

        built.Key.ShouldBe(
            "c1000000-0000-4000-8000-000000000001/data/70000000000040008000000000000003/4/00000000000000000005-00000001-0000-4000-8000-000000000009.seg");
        string table =
            "00000001" + "0000" + "4000" + "8000000000000009" + "00000001" // object id, slices
            + "70000000000040008000000000000003" + "0006" + "6f7264657273" + "00000004" // topic, name, partition
            + "0000000000000003" + "0001" + "0000000000000003" + "0000000000000005" // commit epoch, batch epochs
            + "0000000000000005" + "0000000000000006" + "0000000000000000" + "00000000000003e8" + "0000000000000001"
            + "0000000000000040" + $"{batch.Length:x16}" // position, length
            + $"{64 + batch.Length:x16}" + "00000001" + $"{80 + batch.Length:x16}" + $"{39:x8}"
            + Crc(batch) + Crc(Convert.FromHexString("000000000000000000000000000003e8"))
            + Crc(Convert.FromHexString("00000001000000000000000700010100000002000000020000000000000005" + "00000000000003e8"));
        hex.ShouldBe(
            "534853454700" + "0001" + "00000001000040008000000000000009" + "c1000000000040008000000000000001" + "a1000000000040008000000000000002"
            + $"{SegmentWorld.Created.ToUnixTimeMilliseconds():x16}"
            + Convert.ToHexStringLower(batch)
            + "00000000" + "00000000" + "00000000000003e8"
            + "00000001" + "0000000000000007" + "0001" + "01" + "00000002" + "00000002" + "0000000000000005" + "00000000000003e8"
            + table
            + $"{80 + 39 + batch.Length:x16}" + $"{table.Length / 2:x8}" + Crc(Convert.FromHexString(table)) + "0001" + "534853454700");
        built.Bytes.ShouldBe(hex.Length / 2);

        static string Crc(byte[] bytes) => $"{Crc32C.Compute(bytes):x8}";
    }

    [Fact]
    public async Task A_slice_of_small_and_large_batches_has_the_checksum_of_its_bytes_and_one_that_was_damaged_in_memory_does_not()
    {
        using var world = new SegmentWorld();
        byte[][] batches = [.. new[] { 10, 40_000, 100, 100, 33_000, 60_000, 5 }.Select((bytes, i) => SegmentWorld.Batch(i, 1, 1000, valueBytes: bytes))];
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, ProducerSnapshot.Empty, batches));
        built.Slices[0].Crc.ShouldBe(Crc32C.Compute([.. batches.SelectMany(b => b)]));
        await world.PutAsync(built);
        (await SegmentInspector.InspectAsync(world.Store, built.Key, default)).Problems.ShouldBeEmpty();

        batches[1][20_000] ^= 1;
        SegmentObject damaged = SegmentWorld.Build(2, world.Slice(0, 1, ProducerSnapshot.Empty, batches));
        await world.PutAsync(damaged);
        (await SegmentInspector.InspectAsync(world.Store, damaged.Key, default)).Problems.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task What_was_built_at_random_is_inspected_read_and_committed_as_it_was()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            using var world = new SegmentWorld(new SegmentCacheOptions { BlockBytes = 64 * 1024, BytesMax = 8 * 64 * 1024 });
            var inputs = new List<(SliceInput Slice, byte[][] Batches)>();
            for (int p = 0; p < random.Next(1, 6); p++)
            {
                inputs.Add(RandomSlice(world, random, p));
            }
            SegmentObject built = SegmentWorld.Build(seed, [.. inputs.Select(i => i.Slice)]);
            IReadOnlyList<SegmentRow> rows = await world.PutAsync(built);

            SegmentReport report = await SegmentInspector.InspectAsync(world.Store, built.Key, default);
            report.Problems.ShouldBeEmpty();
            report.Header!.Value.Created.ShouldBe(SegmentWorld.Created);
            SegmentTable table = await world.Reader.ReadTableAsync(built.Id, built.Key, built.Bytes, default);
            for (int i = 0; i < inputs.Count; i++)
            {
                (SliceInput slice, byte[][] batches) = inputs[i];
                (table.Slices[i] with { BatchEpochs = [] }).ShouldBe(built.Slices[i] with { BatchEpochs = [] });
                table.Slices[i].BatchEpochs.ShouldBe(built.Slices[i].BatchEpochs);
                report.Slices[i].Batches.Select(b => b.BaseOffset).ShouldBe(batches.Select(b => new RecordBatchView(b).BaseOffset));
                ProducerSnapshot producers = await world.Reader.ReadProducerSnapshotAsync(rows[i], default);
                producers.Producers.Count.ShouldBe(slice.Producers.Producers.Count);
                for (int n = 0; n < producers.Producers.Count; n++)
                {
                    producers.Producers[n].ProducerId.ShouldBe(slice.Producers.Producers[n].ProducerId);
                    producers.Producers[n].Batches.ShouldBe(slice.Producers.Producers[n].Batches);
                }
                byte[] all = [.. batches.SelectMany(b => b)];
                var read = new List<byte>();
                long offset = slice.BaseOffset;
                while (offset < slice.EndOffset)
                {
                    (byte[] bytes, offset) = await world.ReadAsync(rows[i], offset, random.Next(1, 100_000));
                    read.AddRange(bytes);
                }
                read.ToArray().ShouldBe(all);
                await ShouldFindTimestampsAsync(world, rows[i], batches, random);
            }
        }
    }

    [Fact]
    public void Slices_with_gaps_wrong_ends_partial_batches_or_twice_are_refused()
    {
        using var world = new SegmentWorld();
        byte[] a = SegmentWorld.Batch(0, 3, 1000);
        byte[] b = SegmentWorld.Batch(4, 3, 1000);
        Refused(world.Slice(0, 1, null, a, b));
        Refused(world.Slice(0, 1, null, a) with { EndOffset = 4 });
        Refused(world.Slice(0, 1, null, a) with { BaseOffset = 1 });
        Refused(world.Slice(0, 1, null, a[..^1]));
        Refused(world.Slice(0, 1, null, a), world.Slice(0, 1, null, a));
        Should.Throw<InvalidOperationException>(() => SegmentWorld.Build(1));

        static void Refused(params SliceInput[] slices) => Should.Throw<ArgumentException>(() => SegmentWorld.Build(1, slices));
    }

    [Fact]
    public void Batch_bytes_are_not_copied_and_neighbours_in_a_buffer_become_one_piece()
    {
        using var world = new SegmentWorld();
        byte[] first = SegmentWorld.Batch(0, 3, 1000);
        byte[] second = SegmentWorld.Batch(3, 3, 1000);
        SharedBuffer slab = world.Pool.Rent(first.Length + second.Length);
        first.CopyTo(slab.Span);
        second.CopyTo(slab.Span[first.Length..]);
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, first, second) with
        {
            Batches = [new BufferSlice(slab, 0, first.Length), new BufferSlice(slab, first.Length, second.Length)],
        });
        built.Content.Count.ShouldBe(3);
        built.Content[1].Span.Overlaps(slab.Span).ShouldBeTrue();
        built.Content[1].Length.ShouldBe(first.Length + second.Length);
    }

    [Fact]
    public void Ten_thousand_slices_are_built_fast_and_with_little_memory()
    {
        using var world = new SegmentWorld();
        byte[] batch = SegmentWorld.Batch(0, 1, 1000);
        SliceInput[] slices = [.. Enumerable.Range(0, 10_000).Select(p => world.Slice(p, 1, null, batch))];
        SegmentWorld.Build(1, slices);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long began = Stopwatch.GetTimestamp();
        SegmentObject built = SegmentWorld.Build(2, slices);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(16 << 20);
        built.Slices.Count.ShouldBe(10_000);
        built.Key.ShouldBe("c1000000-0000-4000-8000-000000000001/data/mixed/2026/03/04/00000002-0000-4000-8000-000000000009.seg");
        SegmentKeys.TryParseObjectId(built.Key, out Guid id).ShouldBeTrue();
        id.ShouldBe(built.Id);
        SegmentKeys.TryParseObjectId(SegmentKeys.Marker(SegmentWorld.Cluster), out _).ShouldBeFalse();
    }

    private static (SliceInput Slice, byte[][] Batches) RandomSlice(SegmentWorld world, Random random, int partition)
    {
        long offset = random.Next(1000);
        int epoch = random.Next(3);
        var batches = new List<byte[]>();
        for (int i = random.Next(1, 60); i > 0; i--)
        {
            int records = random.Next(1, 20);
            epoch += random.Next(8) == 0 ? 1 : 0;
            batches.Add(SegmentWorld.Batch(offset, records, random.Next(1_000_000), epoch, random.Next(10, 900), (CompressionCodec)random.Next(2)));
            offset += records;
        }
        ProducerEntry[] producers = [.. Enumerable.Range(0, random.Next(4)).Select(id => new ProducerEntry(
            id, (short)random.Next(9), [.. Enumerable.Range(0, random.Next(6)).Select(n => new ProducedBatch(n, n + 3, n * 10, 1000 + n))]))];
        return (world.Slice(partition, epoch, new ProducerSnapshot(producers), [.. batches]), [.. batches]);
    }

    private static async Task ShouldFindTimestampsAsync(SegmentWorld world, SegmentRow row, byte[][] batches, Random random)
    {
        var records = new List<(long Offset, long Timestamp)>();
        using var reader = new RecordBatchReader();
        foreach (byte[] batch in batches)
        {
            RecordReader opened = reader.Open(batch);
            while (opened.Read())
            {
                records.Add((opened.Current.Offset, opened.Current.Timestamp));
            }
        }
        for (int i = 0; i < 20; i++)
        {
            long timestamp = random.Next(1_000_200);
            long from = i % 2 == 0 ? 0 : row.BaseOffset + random.Next((int)(row.EndOffset - row.BaseOffset));
            (long Offset, long Timestamp)[] expected = [.. records.Where(r => r.Offset >= from && r.Timestamp >= timestamp).Take(1)];
            OffsetResult? found = await world.Reader.FindTimestampAsync(row, timestamp, from, default);
            found?.Offset.ShouldBe(expected[0].Offset);
            (found is null).ShouldBe(expected.Length == 0);
            OffsetResult? largest = await world.Reader.FindMaxTimestampAsync(row, from, default);
            largest!.Value.TimestampMs.ShouldBe(records.Where(r => r.Offset >= from).Max(r => r.Timestamp), $"from {from}");
        }
    }
}
