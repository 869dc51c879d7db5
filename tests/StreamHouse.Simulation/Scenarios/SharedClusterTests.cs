using StreamHouse.Broker;
using StreamHouse.Broker.Leases;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>What the seeds vary, once by hand: take-over, and what a leader that was away may still do.</summary>
public sealed class SharedClusterTests
{
    private static readonly ClusterMembership Agent = new() { AgentId = "agent" };

    [Fact]
    public void A_partition_of_a_killed_process_is_led_again_soon_after_its_session_expired() => Run(async (kernel, world, topic) =>
    {
        TopicPartition partition = new(topic.Id, 0);
        byte[] batch = Batch(1);
        (await world.Nodes[0].Broker!.AppendAsync(partition, batch)).BaseOffset.ShouldBe(0);
        TimeSpan killed = kernel.Now;
        world.Nodes[0].Kill();
        LocalBroker successor = world.Nodes[1].Broker!;

        await kernel.DelayAsync(TimeSpan.FromSeconds(5));
        (await successor.AppendAsync(partition, Batch(2))).Error.ShouldBe(BrokerErrorCode.NotLeader);
        while (!successor.DescribePartitions(topic.Id)[0].Online)
        {
            await kernel.DelayAsync(TimeSpan.FromMilliseconds(100));
        }

        (kernel.Now - killed).ShouldBeLessThan(Agent.SessionTimeToLive + (Agent.ScanInterval * 2));
        (await successor.AppendAsync(partition, Batch(3))).BaseOffset.ShouldBe(1);
    });

    [Fact]
    public void A_leader_that_was_paused_serves_nothing_and_is_fenced_when_it_comes_back() => Run(async (kernel, world, topic) =>
    {
        TopicPartition partition = new(topic.Id, 0);
        LocalBroker old = world.Nodes[0].Broker!;
        await old.AppendAsync(partition, Batch(1));
        world.Nodes[0].Process.Pause();
        await kernel.DelayAsync(Agent.SessionTimeToLive * 2);
        (await world.Nodes[1].Broker!.AppendAsync(partition, Batch(2))).BaseOffset.ShouldBe(1);

        world.Nodes[0].Process.Resume();
        (await Requests.FetchAsync(old, partition, 0, 1000, TimeSpan.Zero)).Error.ShouldBe(BrokerErrorCode.NotLeader);
        (await old.AppendAsync(partition, Batch(3))).Error.ShouldBe(BrokerErrorCode.NotLeader);
        await Should.ThrowAsync<BrokerException>(() => old.FindOffsetAsync(partition, OffsetQuery.Latest, 0, ReadConsistency.Strong, CancellationToken.None));
    });

    [Fact]
    public void A_leader_deposed_without_knowing_answers_linearizable_reads_with_an_error_and_others_from_what_it_has() => Run(async (kernel, world, topic) =>
    {
        TopicPartition partition = new(topic.Id, 0);
        LocalBroker old = world.Nodes[0].Broker!;
        LocalBroker successor = world.Nodes[1].Broker!;
        await old.AppendAsync(partition, Batch(1));
        world.Database.CutOff[world.Nodes[0].Process.Name] = kernel.Now + Agent.SessionTimeToLive;
        await TakeOver.DeposeAsync(new SimMetadataStore(world.Database, kernel.World), old.Status.Incarnation, new SimRandom(1));
        while ((await successor.AppendAsync(partition, Batch(2))).Error != BrokerErrorCode.None)
        {
            await kernel.DelayAsync(TimeSpan.FromMilliseconds(100));
        }

        // What the barrier is for: one end, acknowledged elsewhere, is not known here.
        (await EndAsync(old, ReadConsistency.Strong)).ShouldBe(1);
        (await RefusalAsync(old)).ShouldBe(BrokerErrorCode.TimedOut);
        (await EndAsync(successor, ReadConsistency.Linearizable)).ShouldBe(2);
        Fetched refused = await Requests.FetchAsync(old, partition, 0, 1000, TimeSpan.Zero, consistency: ReadConsistency.Linearizable);
        (refused.Error, refused.Batches.Length).ShouldBe((BrokerErrorCode.TimedOut, 0));

        // It reaches the metadata again, before it has looked for what it leads.
        world.Database.CutOff.Clear();
        (await RefusalAsync(old)).ShouldBe(BrokerErrorCode.NotLeader);

        // Shouldly would wait on a thread of its own.
        async Task<BrokerErrorCode> RefusalAsync(LocalBroker broker)
        {
            try
            {
                await EndAsync(broker, ReadConsistency.Linearizable);
                return BrokerErrorCode.None;
            }
            catch (BrokerException e)
            {
                return e.Code;
            }
        }

        async Task<long> EndAsync(LocalBroker broker, ReadConsistency consistency) =>
            (await broker.FindOffsetAsync(partition, OffsetQuery.Latest, 0, consistency, CancellationToken.None)).Offset;
    });

    [Fact]
    public void A_topic_that_one_process_makes_is_known_to_all_and_one_it_deletes_is_gone() => Run(async (kernel, world, topic) =>
    {
        world.Nodes[1].Broker!.FindTopic("t").ShouldNotBeNull();
        await world.Nodes[1].Broker!.SetTopicConfigAsync(topic.Id, TopicConfig.Default.With("retention.ms", "77000"), CancellationToken.None);
        await kernel.DelayAsync(Agent.ScanInterval * 3);
        world.Nodes[0].Broker!.FindTopic("t")!.Config.RetentionMs.ShouldBe(77_000);

        await world.Nodes[1].Broker!.DeleteTopicAsync(topic.Id, CancellationToken.None);
        await kernel.DelayAsync(Agent.ScanInterval * 3);
        world.Nodes[0].Broker!.FindTopic("t").ShouldBeNull();
        (await world.Nodes[0].Broker!.AppendAsync(new TopicPartition(topic.Id, 0), Batch(1))).Error.ShouldBe(BrokerErrorCode.UnknownTopic);
    });

    [Fact]
    public void A_local_topic_is_refused_where_processes_share_a_cluster() => Run(async (_, world, _) =>
    {
        BrokerException refused = await Should.ThrowAsync<BrokerException>(
            () => world.Nodes[0].Broker!.CreateTopicAsync("local", 1, Durability.Local, TopicConfig.Default, CancellationToken.None));
        refused.Code.ShouldBe(BrokerErrorCode.InvalidConfig);
    });

    private static void Run(Func<SimKernel, SimWorld, TopicDescription, Task> test)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            for (int i = 0; i < 2; i++)
            {
                SimNode node = world.AddNode(EngineOptions.Small, name => Agent with { AgentId = name });
                node.Start();
                while (node.Broker is null)
                {
                    await kernel.DelayAsync(TimeSpan.FromMilliseconds(10));
                }
            }
            TopicDescription topic = await world.Nodes[0].Broker!.CreateTopicAsync("t", 1, null, TopicConfig.Default, CancellationToken.None);
            await kernel.DelayAsync(Agent.ScanInterval * 3);
            await test(kernel, world, topic);
        });
    }

    private static byte[] Batch(int number)
    {
        long next = number;
        return RecordMaker.Make("test", ref next, 1, 0, 1000, new SimRandom(1), -1, 0).Bytes;
    }
}

internal static class BrokerCalls
{
    public static Task<AppendResult> AppendAsync(this LocalBroker broker, TopicPartition partition, byte[] batch) =>
        Requests.AppendAsync(broker, partition, batch, Acks.All);
}
