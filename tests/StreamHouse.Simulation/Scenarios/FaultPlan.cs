using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Disk;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Network;
using StreamHouse.Simulation.World.Nodes;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Draws the faults of a run: how many, when, and what.</summary>
internal static class FaultPlan
{
    /// <summary>Makes a plan.</summary>
    /// <param name="random">Used for the plan only.</param>
    /// <param name="nodes">Number of machines.</param>
    /// <param name="length">Faults begin before this time.</param>
    public static List<Fault> Draw(SimRandom random, int nodes, TimeSpan length)
    {
        List<Fault> faults = [];
        int count = random.Between(0, 14);
        for (int i = 0; i < count; i++)
        {
            faults.Add(DrawOne(random.Fork(), nodes, length * random.NextDouble()));
        }
        return [.. faults.OrderBy(f => f.At)];
    }

    private static Fault DrawOne(SimRandom random, int nodes, TimeSpan at)
    {
        int node = random.Next(nodes);
        TimeSpan time = random.Duration(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(40));
        if (nodes > 1 && random.Chance(0.15))
        {
            return Deposed(random, at, node);
        }
        return random.Next(25) switch
        {
            0 or 1 or 2 => new Fault(at, $"kill node{node}", w => w.Nodes[node].Kill()),
            3 or 4 or 5 or 6 => new Fault(at, $"power loss on node{node}", w => w.Nodes[node].LosePower()),
            7 => new Fault(at, $"restart of node{node}", w => _ = w.Nodes[node].StopAsync(TimeSpan.FromSeconds(20))),
            8 or 9 => new Fault(at, $"pause of node{node} for {time}", w => Pause(w, w.Nodes[node], time)),
            10 or 11 => OnDisk(random, at, node, time),
            12 => new Fault(at, $"power loss and a flipped bit on node{node}", w => FlipBit(w.Nodes[node])),
            13 or 14 => OnObjects(random, at, time),
            15 or 16 => OnMetadata(random, at, time),
            17 or 18 => OnNetwork(random, at, node, time),
            19 => Jump(random, at, node),
            _ => CrashPoints.Draw(random, at, node),
        };
    }

    private static void Pause(SimWorld world, SimNode node, TimeSpan time)
    {
        SimProcess process = node.Process;
        world.Kernel.Trace.Add(process.Name, $"pauses");
        process.Pause();
        world.Kernel.Schedule(world.Kernel.World, time, _ => process.Resume(), null);
    }

    private static void FlipBit(SimNode node)
    {
        node.LosePower();
        if (node.Disk.FlipProvenBit() is { } flip)
        {
            node.Flips.Add(flip);
        }
    }

    private static Fault OnDisk(SimRandom random, TimeSpan at, int node, TimeSpan time)
    {
        (DiskFaults faults, string what) = random.Next(3) switch
        {
            0 => (new DiskFaults { SyncTime = (TimeSpan.FromMilliseconds(2), TimeSpan.FromSeconds(3)) }, "slow"),
            1 => (new DiskFaults { SyncFails = 0.05 }, "failing to sync"),
            _ => (new DiskFaults { Full = true }, "full"),
        };
        return new Fault(at, $"disk of node{node} {what} for {time}", w => During(w, time, () => w.Nodes[node].Disk.Faults = faults, () => w.Nodes[node].Disk.Faults = new DiskFaults()));
    }

    private static Fault OnObjects(SimRandom random, TimeSpan at, TimeSpan time)
    {
        (ObjectFaults faults, string what) = random.Next(5) switch
        {
            0 => (new ObjectFaults { Latency = (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30)) }, "slow"),
            1 => (new ObjectFaults { FailsBefore = 0.6 }, "failing"),
            2 => (new ObjectFaults { FailsAfter = 0.5 }, "failing after the act"),
            3 => (new ObjectFaults { LatePuts = 0.5 }, "late"),
            _ => (new ObjectFaults { FailsBefore = 0.2, FailsAfter = 0.2, LatePuts = 0.1, ListSlowness = 20 }, "troubled"),
        };
        return new Fault(at, $"bucket {what} for {time}", w => During(w, time, () => w.Bucket.Faults = faults, () => w.Bucket.Faults = new ObjectFaults()));
    }

    private static Fault OnMetadata(SimRandom random, TimeSpan at, TimeSpan time)
    {
        (Func<TimeSpan, MetadataFaults> faults, string what) = random.Next(4) switch
        {
            0 => ((Func<TimeSpan, MetadataFaults>)(now => new MetadataFaults { PausedUntil = now + time }), "paused"),
            1 => (_ => new MetadataFaults { FailsBefore = 0.5 }, "failing"),
            2 => (_ => new MetadataFaults { LosesReply = 0.5 }, "losing replies"),
            _ => (_ => new MetadataFaults { FailsBefore = 0.2, LosesReply = 0.2, Latency = (TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(2)) }, "troubled"),
        };
        return new Fault(at, $"metadata {what} for {time}", w => During(w, time, () => w.Database.Faults = faults(w.Kernel.Now), () => w.Database.Faults = new MetadataFaults()));
    }

    private static Fault OnNetwork(SimRandom random, TimeSpan at, int node, TimeSpan time) => random.Next(4) switch
    {
        0 => new Fault(at, $"network loses and repeats for {time}", w => During(
            w, time, () => w.Network.Faults = new NetworkFaults { Loss = 0.05, Duplicates = 0.1 }, () => w.Network.Faults = new NetworkFaults())),
        1 => new Fault(at, $"network is slow for {time}", w => During(
            w, time,
            () => w.Network.Faults = new NetworkFaults { Duplicates = 0.3, Delay = (TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(20)) },
            () => w.Network.Faults = new NetworkFaults())),
        2 => new Fault(at, $"answers of node{node} are cut off for {time}", w => During(
            w, time, () => w.Network.CutAllFrom($"node{node}"), () => w.Network.Heal())),
        _ => new Fault(at, $"requests to node{node} are held back for {time}", w => w.Network.ClogAllTo($"node{node}", w.Kernel.Now + time)),
    };

    // It is the last to hear of it: until then it serves what it has.
    private static Fault Deposed(SimRandom random, TimeSpan at, int node)
    {
        TimeSpan later = random.Duration(TimeSpan.Zero, TimeSpan.FromSeconds(3));
        TimeSpan time = later + random.Duration(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(20));
        return new Fault(at, $"node{node} is cut off from the metadata for {time}, and its leases are taken by force", w =>
        {
            w.Database.CutOff[w.Nodes[node].Process.Name] = w.Kernel.Now + time;
            w.Kernel.World.Start(async () =>
            {
                await w.Kernel.DelayAsync(later);
                if (w.Nodes[node].Broker is { } broker)
                {
                    await TakeOver.DeposeAsync(new SimMetadataStore(w.Database, w.Kernel.World), broker.Status.Incarnation, random);
                }
            });
        });
    }

    private static Fault Jump(SimRandom random, TimeSpan at, int node)
    {
        TimeSpan by = TimeSpan.FromSeconds(random.Between(-7200, 7200));
        return new Fault(at, $"clock of node{node} jumps by {by}", w =>
        {
            w.ClocksAgree = false;
            w.Nodes[node].Process.Clock.Skew += by;
        });
    }

    private static void During(SimWorld world, TimeSpan time, Action begin, Action end)
    {
        begin();
        world.Kernel.Schedule(world.Kernel.World, time, _ => end(), null);
    }
}
