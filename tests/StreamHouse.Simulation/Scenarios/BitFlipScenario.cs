using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>A unified server whose disk gets a bit wrong, several times, and nothing else goes wrong.</summary>
internal abstract class BitFlipScenario : Scenario
{
    private const int Rounds = 3;

    /// <summary>How often a bit was flipped, in all runs together.</summary>
    public int Flips { get; protected set; }

    public override async Task RunAsync(SimRun run)
    {
        SimNode node = run.World.AddNode(EngineOptions.Small);
        run.Watch(alone: true);
        node.Start();
        await run.UntilAsync(() => node.Broker is not null, "the first start");
        TopicDescription topic = await node.Broker!.CreateTopicAsync("topic", 2, Durability.Local, TopicConfig.Default, CancellationToken.None);
        run.Model.Topics.Add(new TopicModel(topic));
        for (int p = 0; p < topic.Partitions; p++)
        {
            TopicPartition partition = new(topic.Id, p);
            run.Add(new ProducerActor(run.World, run.Model, $"{p}.p", partition, new ProducerPlan { Pause = (TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1)) }));
            run.Add(new ProducerActor(run.World, run.Model, $"{p}.plain", partition, new ProducerPlan { Idempotent = false }));
            run.Add(new ReaderActor(run.World, run.Model, $"{p}.r", partition));
        }
        await run.WorkAsync([], run.Random.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20)));
        for (int i = 0; i < Rounds; i++)
        {
            await FlipAsync(run, node);
            await run.Kernel.DelayAsync(run.Random.Duration(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(8)));
        }
        await run.FinishAsync(TimeSpan.FromMinutes(5));
        await run.Kernel.DelayAsync(TimeSpan.FromSeconds(3));
        await SingleNode.AuditAsync(run, node);
    }

    /// <summary>Flips a bit while the node is down, sees what its next start makes of that, and leaves it serving.</summary>
    protected abstract Task FlipAsync(SimRun run, SimNode node);

    /// <summary>Starts the node.</summary>
    /// <returns>Why it was refused, or null.</returns>
    protected static async Task<Exception?> StartAsync(SimRun run, SimNode node)
    {
        node.Start();
        await run.UntilAsync(() => node.Broker is not null || node.Refusal is not null, "the end of a start");
        return node.Refusal;
    }
}

/// <summary>The bit is in what was being written, and never synced: nobody was promised anything of it.</summary>
internal sealed class UnsyncedBitFlips : BitFlipScenario
{
    public override string Name => "unsynced bit flips";

    protected override async Task FlipAsync(SimRun run, SimNode node)
    {
        double part = run.Random.NextDouble();
        node.Disk.Syncing = time =>
        {
            node.Disk.Syncing = null;
            run.Kernel.Schedule(run.Kernel.World, time * part, _ => Flips += node.LosePowerAndFlipUnsynced() ? 1 : 0, null);
        };
        await run.UntilAsync(() => !node.IsUp, "a sync");
        if (await StartAsync(run, node) is { } refusal)
        {
            throw new InvariantException($"A start was refused for a bit that was never synced: {refusal.Message}");
        }
    }
}

/// <summary>The bit is in what had been synced, as a later frame says.</summary>
internal sealed class ProvenBitFlips : BitFlipScenario
{
    public override string Name => "proven bit flips";

    /// <summary>How often a start was refused. It may go well only when nothing is read from the place any more, or nothing is lost.</summary>
    public int Refusals { get; private set; }

    protected override async Task FlipAsync(SimRun run, SimNode node)
    {
        node.LosePower();
        if (node.Disk.FlipProvenBit() is not { } flip)
        {
            await StartAsync(run, node);
            return;
        }
        Flips++;
        Exception? refusal = await StartAsync(run, node);
        if (refusal is null)
        {
            await SingleNode.AuditAsync(run, node);
            return;
        }
        Refusals++;
        for (int i = 0; i < 2; i++)
        {
            if (refusal is not BrokerException { Code: BrokerErrorCode.DataDamaged })
            {
                throw new InvariantException($"A flipped bit ended a start with: {refusal?.ToString() ?? "nothing, when it was tried again"}");
            }
            refusal = await StartAsync(run, node);
        }
        flip.PutRight();
        if (await StartAsync(run, node) is { } still)
        {
            throw new InvariantException($"The bit was put right, and a start still refused: {still.Message}");
        }
    }
}
