using StreamHouse.Broker.Metadata;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Crashes at the moments that matter most and are too short to be hit by chance: in the middle of a sync, and between two steps of an upload.</summary>
internal static class CrashPoints
{
    /// <summary>Draws one: from a time on, the next such moment of a node.</summary>
    public static Fault Draw(SimRandom random, TimeSpan at, int node)
    {
        double part = random.NextDouble();
        TimeSpan later = TimeSpan.FromSeconds(4) * random.NextDouble();
        return random.Next(5) switch
        {
            0 => new Fault(at, $"power loss in the next sync of node{node}", w => InSync(
                w.Nodes[node], time => w.Kernel.Schedule(w.Kernel.World, time * part, _ => LosePower(w, w.Nodes[node]), null))),
            1 => new Fault(at, $"kill before the next sync of node{node}, and power loss {later} after it serves again", w => InSync(w.Nodes[node], _ =>
            {
                Kill(w, w.Nodes[node]);
                w.Kernel.World.Start(() => LosePowerLaterAsync(w, w.Nodes[node], later));
            })),
            2 => new Fault(at, $"kill once node{node} has stored its next object", w => OncePut(w, w.Nodes[node])),
            3 => new Fault(at, $"metadata paused with the next commit of node{node}, and power loss {later} later", w => InCommit(w, w.Nodes[node], later)),
            _ => new Fault(at, $"kill once the next commit of node{node} has taken effect", w => OnceCommitted(w, w.Nodes[node])),
        };
    }

    // What did not come to pass while the world was broken does not happen any more.
    private static void Kill(SimWorld world, SimNode node)
    {
        if (!world.IsHealed)
        {
            node.Kill();
        }
    }

    private static void LosePower(SimWorld world, SimNode node)
    {
        if (!world.IsHealed)
        {
            node.LosePower();
        }
    }

    private static void InSync(SimNode node, Action<TimeSpan> crash) => node.Disk.Syncing = time =>
    {
        node.Disk.Syncing = null;
        crash(time);
    };

    private static async Task LosePowerLaterAsync(SimWorld world, SimNode node, TimeSpan later)
    {
        while (node.Broker is null)
        {
            await world.Kernel.DelayAsync(TimeSpan.FromMilliseconds(50));
        }
        await world.Kernel.DelayAsync(later);
        LosePower(world, node);
    }

    private static void InCommit(SimWorld world, SimNode node, TimeSpan later)
    {
        world.Database.Calling += Pause;

        void Pause(SimProcess caller, string name)
        {
            if (!world.IsHealed && caller == node.Process && name == nameof(IManifestStore.CommitAsync))
            {
                world.Database.Calling -= Pause;
                world.Database.Faults = world.Database.Faults with { PausedUntil = world.Kernel.Now + (later * 2) };
                world.Kernel.Schedule(world.Kernel.World, later, _ => LosePower(world, node), null);
            }
        }
    }

    private static void OncePut(SimWorld world, SimNode node)
    {
        world.Bucket.Stored += Crash;

        void Crash(SimProcess process)
        {
            if (process == node.Process)
            {
                world.Bucket.Stored -= Crash;
                Kill(world, node);
            }
        }
    }

    private static void OnceCommitted(SimWorld world, SimNode node)
    {
        world.Database.Committed += Crash;

        void Crash(SimTransaction transaction)
        {
            if (transaction.Caller == node.Process && transaction.Name == nameof(IManifestStore.CommitAsync))
            {
                world.Database.Committed -= Crash;
                Kill(world, node);
            }
        }
    }
}
