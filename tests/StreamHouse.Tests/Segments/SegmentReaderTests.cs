using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Tests.Segments;

public sealed class SegmentReaderTests
{
    private static readonly SegmentCacheOptions SmallBlocks = new() { BlockBytes = 64 * 1024, BytesMax = 4 * 64 * 1024 };

    [Fact]
    public async Task Every_batch_of_every_slice_comes_back_as_it_was_written()
    {
        using var world = new SegmentWorld();
        byte[][] first = [SegmentWorld.Batch(0, 3, 1000), SegmentWorld.Batch(3, 2, 1100)];
        byte[][] second = [SegmentWorld.Batch(70, 5, 900)];
        IReadOnlyList<SegmentRow> rows = await world.PutAsync(
            SegmentWorld.Build(1, world.Slice(0, 1, null, first), world.Slice(1, 1, null, second)));

        (byte[] bytes, long next) = await world.ReadAsync(rows[0], 0, int.MaxValue);
        bytes.ShouldBe([.. first[0], .. first[1]]);
        next.ShouldBe(5);
        (bytes, next) = await world.ReadAsync(rows[1], 72, int.MaxValue);
        bytes.ShouldBe(second[0]);
        next.ShouldBe(75);
    }

    [Fact]
    public async Task Any_offset_of_a_large_slice_is_found_through_the_index_and_across_blocks()
    {
        using var world = new SegmentWorld(SmallBlocks);
        byte[][] batches = [.. Enumerable.Range(0, 300).Select(i => SegmentWorld.Batch(i * 7, 7, 1000 + i, valueBytes: 300))];
        SegmentRow row = (await world.PutAsync(SegmentWorld.Build(1, world.Slice(0, 1, null, batches))))[0];
        row.Length.ShouldBeGreaterThan(8 * SmallBlocks.BlockBytes);

        for (long offset = 0; offset < 2100; offset += 13)
        {
            (byte[] bytes, long next) = await world.ReadAsync(row, offset, 1);
            bytes.ShouldBe(batches[offset / 7]);
            next.ShouldBe(((offset / 7) + 1) * 7);
        }
        (byte[] all, long end) = await world.ReadAsync(row, 0, int.MaxValue);
        all.ShouldBe([.. batches.SelectMany(b => b)]);
        end.ShouldBe(2100);
    }
}
