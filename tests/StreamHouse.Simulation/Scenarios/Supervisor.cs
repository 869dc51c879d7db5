using StreamHouse.Broker;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Starts processes again, as an init system does, and the operator who puts back what a disk has spoilt.</summary>
internal sealed class Supervisor(SimWorld world)
{
    private readonly SimRandom _random = world.Kernel.Random.Fork();

    /// <summary>Watches until the run ends.</summary>
    public async Task RunAsync()
    {
        while (true)
        {
            foreach (SimNode node in world.Nodes)
            {
                Watch(node);
            }
            await world.Kernel.DelayAsync(_random.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(8)));
        }
    }

    private static void Watch(SimNode node)
    {
        if (node.IsUp)
        {
            return;
        }
        if (node.Refusal is BrokerException { Code: BrokerErrorCode.DataDamaged } damage)
        {
            if (node.Flips.Count == 0)
            {
                throw new InvariantException($"{node.Name} refused to start, but its disk is sound: {damage.Message}");
            }
            node.Flips.ForEach(f => f.PutRight());
            node.Flips.Clear();
        }
        node.Start();
    }
}
