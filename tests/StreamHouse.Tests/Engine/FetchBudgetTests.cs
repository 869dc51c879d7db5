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

    [Theory]
    [InlineData(false, SlabBytes)]
    [InlineData(true, BlockBytes)]
    public async Task Small_batches_that_lie_far_apart_are_read_in_turns_that_hold_the_budget_and_one_buffer_at_most(bool tiered, int bufferBytes)
    {
        const int Rounds = 6;
        const int FillBytes = 15_000;
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            Tail = new() { RetainedBytesMax = tiered ? 0 : 64 << 20 },
            SegmentCache = new() { BytesMax = 1 << 20, BlockBytes = BlockBytes, ReadAheadBlocks = 0 },
        });
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 4);
        List<string>[] written = [[], [], []];
        for (int i = 0; i < Rounds; i++)
        {
            for (int p = 0; p < written.Length; p++)
            {
                written[p].Add($"{i}:{p}-{i}");
                await rig.Append(topic, EngineRig.Batch([$"{p}-{i}"]), p);
            }

            // Of another partition, so that the next round lies in another buffer.
            byte[] filling = EngineRig.Batch([new string('x', FillBytes)]);
            await Task.WhenAll(Enumerable.Range(0, (bufferBytes / FillBytes) + 2).Select(_ => rig.Append(topic, filling, 3)));
            for (int p = 0; tiered && p <= written.Length; p++)
            {
                await rig.TierAsync(topic, p);
            }
        }
        int budget = bufferBytes + 1;
        Task<FetchResult> wantsMore = FetchAsync(rig, budget, budget, TimeSpan.FromMinutes(5), (topic, 0, 0));
        using (FetchResult cut = await wantsMore.WaitAsync(TimeSpan.FromSeconds(20)))
        {
            cut.Partitions[0].Slices.Count.ShouldBe(2, "waiting for more bytes than may be held would be in vain");
        }

        List<string>[] read = [[], [], []];
        for (int turn = 0; read.Any(r => r.Count < Rounds); turn++)
        {
            int[] order = [.. Enumerable.Range(turn, read.Length).Select(p => p % read.Length).Where(p => read[p].Count < Rounds)];
            using FetchResult result = await FetchAsync(rig, budget, [.. order.Select(p => (topic, p, (long)read[p].Count))]);
            _budget.Held.ShouldBe(result.Partitions.SelectMany(p => p.Slices).Select(s => s.Owner).Distinct().Sum(o => (long)o.Capacity));
            _budget.Held.ShouldBeInRange(1, budget + bufferBytes);
            result.Partitions[0].Bytes.ShouldBeGreaterThan(0);
            for (int i = 0; i < order.Length; i++)
            {
                EngineRig.Decode(result.Partitions[i], read[order[i]].Count, read[order[i]]);
            }
        }

        read.SelectMany(r => r).ShouldBe(written.SelectMany(r => r));
        _budget.Held.ShouldBe(0);
    }

    private Task<FetchResult> FetchAsync(EngineRig rig, int bytesMax, params (TopicDescription Topic, int Partition, long Offset)[] wanted) =>
        FetchAsync(rig, bytesMax, 1, TimeSpan.Zero, wanted);

    private Task<FetchResult> FetchAsync(
        EngineRig rig, int bytesMax, int bytesMin, TimeSpan wait, params (TopicDescription Topic, int Partition, long Offset)[] wanted) =>
        rig.Broker.FetchAsync(
            new FetchRequest([.. wanted.Select(w => new FetchPartition(new(w.Topic.Id, w.Partition), w.Offset, bytesMax))], bytesMin, bytesMax, wait) { Budget = _budget },
            default).AsTask();
}
