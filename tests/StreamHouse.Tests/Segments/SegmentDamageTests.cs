using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Tests.Segments;

public sealed class SegmentDamageTests
{
    [Fact]
    public async Task A_damaged_batch_fails_by_name_and_leaves_what_is_before_it_and_other_partitions_alone()
    {
        using var world = new SegmentWorld();
        byte[][] bad = [SegmentWorld.Batch(0, 3, 1000), SegmentWorld.Batch(3, 3, 1000), SegmentWorld.Batch(6, 3, 1000)];
        byte[] good = SegmentWorld.Batch(0, 9, 1000);
        SegmentObject built = SegmentWorld.Build(1, world.Slice(4, 1, null, bad), world.Slice(5, 1, null, good));
        IReadOnlyList<SegmentRow> rows = await world.PutAsync(built);
        int at = (int)rows[0].Position + bad[0].Length;
        world.Memory[built.Key][at + 70] ^= 4;

        (byte[] bytes, long next) = await world.ReadAsync(rows[0], 0, int.MaxValue);
        bytes.ShouldBe(bad[0]);
        next.ShouldBe(3);
        BrokerException e = await Should.ThrowAsync<BrokerException>(world.ReadAsync(rows[0], 3, int.MaxValue));
        e.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        e.Message.ShouldContain(built.Key);
        e.Message.ShouldContain(rows[0].Partition.ToString());
        e.Message.ShouldContain($"byte {at}");

        // Read again from the store, not remembered as damaged for ever.
        world.Memory[built.Key][at + 70] ^= 4;
        (await world.ReadAsync(rows[0], 3, int.MaxValue)).NextOffset.ShouldBe(9);
        world.Memory[built.Key][at + 70] ^= 4;
        (await world.ReadAsync(rows[1], 0, int.MaxValue)).Bytes.ShouldBe(good);
    }

    [Fact]
    public async Task Every_flipped_bit_of_a_slice_is_noticed_or_outside_the_crc_by_design()
    {
        using var world = new SegmentWorld();
        byte[] batch = SegmentWorld.Batch(0, 2, 1000);
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, batch));
        SegmentRow row = (await world.PutAsync(built))[0];
        byte[] bytes = world.Memory[built.Key];
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            // The leader epoch (bytes 12 to 15) has no checksum in Kafka's format; it may not exceed the commit's.
            int at = (int)row.Position + (bit / 8);
            if (bit / 8 == 12 && bit % 8 == 7 || bit / 8 == 15 && bit % 8 == 0)
            {
                continue;
            }
            bytes[at] ^= (byte)(1 << (bit % 8));
            BrokerException e = await Should.ThrowAsync<BrokerException>(world.ReadAsync(row, 0, int.MaxValue), $"bit {bit}");
            e.Code.ShouldBe(BrokerErrorCode.DataDamaged);
            bytes[at] ^= (byte)(1 << (bit % 8));
        }
        (await world.ReadAsync(row, 0, int.MaxValue)).Bytes.ShouldBe(batch);
    }

    [Fact]
    public async Task A_missing_a_short_and_a_failing_object_are_told_apart_and_named()
    {
        using var world = new SegmentWorld();
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)));
        SegmentRow row = SegmentWorld.Rows(built)[0];

        await ShouldFailAsync(BrokerErrorCode.DataDamaged, "missing");
        await world.PutAsync(built);
        world.Memory[built.Key] = world.Memory[built.Key][..^1];
        await ShouldFailAsync(BrokerErrorCode.DataDamaged, "ends at byte");
        world.Memory.BeforeRead = (_, _) => throw new ObjectStoreException("no answer");
        await ShouldFailAsync(BrokerErrorCode.StorageFailed, "no answer");
        world.Memory.BeforeRead = (_, _) => throw new InvalidOperationException("a fault of the adapter");
        await ShouldFailAsync(BrokerErrorCode.Internal, "a fault of the adapter");
        world.Cache.Bytes.ShouldBe(0);

        async Task ShouldFailAsync(BrokerErrorCode code, string text)
        {
            BrokerException e = await Should.ThrowAsync<BrokerException>(world.ReadAsync(row, 0, 100));
            e.Code.ShouldBe(code);
            e.Message.ShouldContain(built.Key);
            e.Message.ShouldContain(text);
        }
    }

    [Fact]
    public async Task Whatever_bytes_footer_table_index_and_snapshot_hold_the_error_is_typed()
    {
        var random = new Random(7);
        using var world = new SegmentWorld(new SegmentCacheOptions { BlockBytes = 64 * 1024, BytesMax = 4 * 64 * 1024 });
        byte[][] batches = [.. Enumerable.Range(0, 40).Select(i => SegmentWorld.Batch(i * 7, 7, 1000 + i, valueBytes: 800))];
        var producers = new ProducerSnapshot([new ProducerEntry(9, 2, [new ProducedBatch(0, 6, 0, 1000)])]);
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, producers, batches), world.Slice(1, 1, null, SegmentWorld.Batch(0, 1, 5)));
        byte[] whole = [.. built.Content.SelectMany(piece => piece.ToArray())];
        int tail = (int)built.Slices[0].IndexPosition;
        int refused = 0;
        for (int round = 0; round < 1000; round++)
        {
            byte[] bytes = [.. whole];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                int at = random.Next(3) == 0 ? bytes.Length - 1 - random.Next(SegmentLayout.FooterBytes) : random.Next(tail, bytes.Length);
                bytes[at] = (byte)random.Next(256);
            }
            if (random.Next(10) == 0)
            {
                bytes = bytes[..random.Next(bytes.Length)];
            }
            string key = $"fuzz/{round}";
            world.Memory[key] = bytes;
            SegmentRow row = SegmentWorld.Rows(built)[0] with { Key = key, ObjectBytes = bytes.Length, ObjectId = built.Id };
            SegmentReport report = await SegmentInspector.InspectAsync(world.Store, key, default);
            using var fresh = new SegmentWorld(store: world.Memory);
            foreach (Func<Task> call in new Func<Task>[]
            {
                async () => await fresh.Reader.ReadProducerSnapshotAsync(row, default),
                async () => await fresh.Reader.FindTimestampAsync(row, 1030, 0, default),
                async () => await fresh.ReadAsync(row, 200, 1),
            })
            {
                try
                {
                    await call();
                }
                catch (BrokerException e)
                {
                    e.Code.ShouldBe(BrokerErrorCode.DataDamaged);
                    report.Problems.ShouldNotBeEmpty();
                    refused++;
                }
            }
            world.Memory.DeleteAsync(key, default).IsCompleted.ShouldBeTrue();
        }
        refused.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public async Task Lengths_that_lie_are_refused_before_memory_is_taken_for_them()
    {
        using var world = new SegmentWorld();
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)));
        await world.PutAsync(built);
        byte[] bytes = world.Memory[built.Key];
        new SegmentFooter(64, int.MaxValue, 0).Write(bytes.AsSpan(^SegmentLayout.FooterBytes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Task reading = world.Reader.ReadTableAsync(built.Id, built.Key, built.Bytes, default).AsTask();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // All of it ran here: after an await this might be another thread, with another count.
        reading.IsCompleted.ShouldBeTrue();
        BrokerException e = await Should.ThrowAsync<BrokerException>(reading);
        e.Message.ShouldContain("2147483647");
        allocated.ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public async Task A_table_that_contradicts_the_manifest_is_damage()
    {
        using var world = new SegmentWorld();
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)));
        SegmentRow row = (await world.PutAsync(built))[0];
        foreach (SegmentRow wrong in new[]
        {
            row with { Partition = SegmentWorld.Partition(9) },
            row with { EndOffset = 4 },
            row with { ObjectId = SegmentWorld.ObjectId(2) },
        })
        {
            BrokerException e = await Should.ThrowAsync<BrokerException>(async () => await world.Reader.ReadProducerSnapshotAsync(wrong, default));
            e.Code.ShouldBe(BrokerErrorCode.DataDamaged);
        }
    }

    [Fact]
    public async Task A_version_of_the_future_is_refused_with_both_versions()
    {
        using var world = new SegmentWorld();
        SegmentObject built = SegmentWorld.Build(1, world.Slice(0, 1, null, SegmentWorld.Batch(0, 3, 1000)));
        await world.PutAsync(built);
        world.Memory[built.Key][^7] = 9;
        BrokerException e = await Should.ThrowAsync<BrokerException>(async () =>
            await world.Reader.ReadTableAsync(built.Id, built.Key, built.Bytes, default));
        e.Message.ShouldContain("version 9");
        e.Message.ShouldContain("version 1");
    }
}
