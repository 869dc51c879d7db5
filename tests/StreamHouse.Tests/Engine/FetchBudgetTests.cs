using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

public sealed class FetchBudgetTests
{
    private const int SlabBytes = 1 << 20;
    private const int BlockBytes = 64 * 1024;

    private readonly CountingBudget _budget = new();

    [Fact]
    public async Task Answer_counts_the_whole_buffer_it_keeps_alive_and_answers_from_one_buffer_count_it_once()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2);
        await rig.AppendAsync(topic, "a");
        await rig.Append(topic, EngineRig.Batch(["b"]), partition: 1);
        await rig.AppendAsync(topic, "c");

        // The first two batches of it lie apart in their slab, but with one of the other partition between them.
        using FetchResult first = await FetchAsync(rig, 100_000, (topic, 0, 0), (topic, 1, 0));
        (_budget.Held, first.Partitions.Sum(p => p.Slices.Count)).ShouldBe((SlabBytes, 3));
        FetchResult second = await FetchAsync(rig, 100_000, (topic, 0, 1));
        second.Partitions[0].Bytes.ShouldBeInRange(1, 100);
        _budget.Held.ShouldBe(SlabBytes);

        first.Dispose();
        _budget.Held.ShouldBe(SlabBytes, "the second answer still lies in the slab");
        second.Dispose();
        second.Dispose();

        _budget.Held.ShouldBe(0);
    }

    [Fact]
    public async Task Answer_from_objects_counts_the_blocks_it_keeps_alive()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            Tail = new() { RetainedBytesMax = 0 }, SegmentCache = new() { BytesMax = 1 << 20, BlockBytes = BlockBytes, ReadAheadBlocks = 0 },
        });
        TopicDescription topic = await rig.CreateTopicAsync();
        for (int i = 0; i < 6; i++)
        {
            await rig.AppendAsync(topic, new string('x', 30_000));
        }
        await rig.TierAsync(topic);

        using FetchResult small = await FetchAsync(rig, 1, (topic, 0, 0));
        _budget.Held.ShouldBe(BlockBytes);
        using FetchResult beside = await FetchAsync(rig, 1, (topic, 0, 1));
        _budget.Held.ShouldBe(BlockBytes, "both lie in the first block");
        using FetchResult large = await FetchAsync(rig, 1 << 20, (topic, 0, 0));
        large.Partitions[0].Bytes.ShouldBeGreaterThan(180_000);
        _budget.Held.ShouldBe(3 * BlockBytes);
        large.Dispose();

        _budget.Held.ShouldBe(BlockBytes);
    }

    private async Task<FetchResult> FetchAsync(EngineRig rig, int bytesMax, params (TopicDescription Topic, int Partition, long Offset)[] wanted) =>
        await rig.Broker.FetchAsync(
            new FetchRequest([.. wanted.Select(w => new FetchPartition(new(w.Topic.Id, w.Partition), w.Offset, bytesMax))], 1, bytesMax, TimeSpan.Zero) { Budget = _budget },
            default);
}
