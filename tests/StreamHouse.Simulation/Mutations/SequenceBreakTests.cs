using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Disk;
using StreamHouse.Simulation.World.Nodes;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.Mutations;

/// <summary>Two breaks of the rules for producers' sequences look alike from afar: each breaks its own rule, and only that.</summary>
public sealed class SequenceBreakTests
{
    private const long ProducerId = 7;

    [Theory]
    [InlineData(EngineBreak.None, false)]
    [InlineData(EngineBreak.AdvanceSequenceBeforeDurability, true)]
    [InlineData(EngineBreak.SnapshotWithPendingState, false)]
    public void A_retry_is_acknowledged_before_the_first_try_is_durable(object what, bool acknowledged) => Run((EngineBreak)what, async (kernel, world, node) =>
    {
        TopicPartition partition = await CreateAsync(node, Durability.Object);
        world.Bucket.Faults = new ObjectFaults { FailsBefore = 1 };
        Task<AppendResult> first = AppendAsync(node, partition, sequence: 0);
        await kernel.DelayAsync(TimeSpan.FromSeconds(2));
        Task<AppendResult> retry = AppendAsync(node, partition, sequence: 0);
        await kernel.DelayAsync(TimeSpan.FromSeconds(2));
        first.IsCompleted.ShouldBeFalse();
        retry.IsCompleted.ShouldBe(acknowledged);

        // The write has failed for good.
        node.Kill();
        world.Bucket.Faults = new ObjectFaults();
        await StartAsync(kernel, node);
        (await FinalLogAsync(node, partition)).ShouldBe(0);
        if (acknowledged)
        {
            (await retry).Error.ShouldBe(BrokerErrorCode.None);
        }
    });

    [Theory]
    [InlineData(EngineBreak.None, false)]
    [InlineData(EngineBreak.AdvanceSequenceBeforeDurability, false)]
    [InlineData(EngineBreak.SnapshotWithPendingState, true)]
    public void A_snapshot_knows_batches_above_its_slice_after_recovery(object what, bool known) => Run((EngineBreak)what, async (kernel, world, node) =>
    {
        TopicPartition partition = await CreateAsync(node, Durability.Local);
        (await AppendAsync(node, partition, sequence: 0)).BaseOffset.ShouldBe(0);
        node.Disk.Faults = new DiskFaults { SyncTime = (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5)) };
        Task<AppendResult> pending = AppendAsync(node, partition, sequence: 1);
        // Until the first batch is in a slice, and the state of its producer with it.
        await kernel.DelayAsync(TimeSpan.FromSeconds(20));
        (await world.Database.Store.FindLastSegmentAsync(partition, CancellationToken.None))!.EndOffset.ShouldBe(1);
        pending.IsCompleted.ShouldBeFalse();
        node.LosePower();
        node.Disk.Faults = new DiskFaults();
        await StartAsync(kernel, node);
        (await FinalLogAsync(node, partition)).ShouldBe(1);

        (await AppendAsync(node, partition, sequence: 1)).Error.ShouldBe(BrokerErrorCode.None);
        (await FinalLogAsync(node, partition)).ShouldBe(known ? 1 : 2);
    });

    private static async Task<TopicPartition> CreateAsync(SimNode node, Durability durability) =>
        new((await node.Broker!.CreateTopicAsync("t", 1, durability, TopicConfig.Default, CancellationToken.None)).Id, 0);

    private static async Task<long> FinalLogAsync(SimNode node, TopicPartition partition) =>
        (await Checkers.FinalAudit.ReadAsync(node.Broker!, partition)).Records.Count;

    private static Task<AppendResult> AppendAsync(SimNode node, TopicPartition partition, int sequence)
    {
        long next = sequence;
        long now = node.Process.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        byte[] batch = RecordMaker.Make("test", ref next, 1, 100, now, new SimRandom((ulong)sequence), ProducerId, sequence).Bytes;
        return node.Broker!.AppendAsync(partition, batch);
    }

    private static async Task StartAsync(SimKernel kernel, SimNode node)
    {
        node.Start();
        while (node.Broker is null)
        {
            await kernel.DelayAsync(TimeSpan.FromMilliseconds(10));
        }
    }

    private static void Run(EngineBreak what, Func<SimKernel, SimWorld, SimNode, Task> test)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            world.Break = what;
            SimNode node = world.AddNode(EngineOptions.Small);
            await StartAsync(kernel, node);
            await test(kernel, world, node);
        });
    }
}
