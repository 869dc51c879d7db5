using StreamHouse.Broker;
using StreamHouse.Broker.Leases;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Network;
using StreamHouse.Simulation.World.Nodes;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.World;

/// <summary>Everything around the engines: one metadata store, one bucket, a network, and machines.</summary>
internal sealed class SimWorld : IAsyncDisposable
{
    private readonly List<SimNode> _nodes = [];

    private SimWorld(SimKernel kernel, SimDatabase database)
    {
        Kernel = kernel;
        Database = database;
        Bucket = new SimBucket(kernel, kernel.Random.Fork());
        Network = new SimNetwork(kernel, kernel.Random.Fork());
    }

    public SimKernel Kernel { get; }

    public SimDatabase Database { get; }

    public SimBucket Bucket { get; }

    public SimNetwork Network { get; }

    public IReadOnlyList<SimNode> Nodes => _nodes;

    /// <summary>Sets the clocks of a process that is about to start.</summary>
    public Action<SimProcess> Clocks { get; set; } = static _ => { };

    public static async Task<SimWorld> CreateAsync(SimKernel kernel) => new(kernel, await SimDatabase.OpenAsync(kernel, kernel.Random.Fork()));

    /// <param name="options">The engine's limits.</param>
    /// <param name="shared">Null for a unified server.</param>
    public SimNode AddNode(BrokerOptions options, Func<string, ClusterMembership>? shared = null)
    {
        string name = $"node{_nodes.Count}";
        SimNode node = new(this, name, options, shared?.Invoke(name));
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SimNode node in _nodes)
        {
            node.Dispose();
        }
        await Database.DisposeAsync();
    }
}
