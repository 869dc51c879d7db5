using StreamHouse.Broker;
using StreamHouse.Broker.Leases;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Mutations;
using StreamHouse.Simulation.World.Disk;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Network;
using StreamHouse.Simulation.World.Nodes;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.World;

/// <summary>Everything around the engines: one metadata store, one bucket, a network, and machines.</summary>
internal sealed class SimWorld : IAsyncDisposable
{
    private readonly List<SimNode> _nodes = [];

    private SimWorld(SimKernel kernel, SimDatabase database, SimBucket bucket)
    {
        Kernel = kernel;
        Database = database;
        Bucket = bucket;
        Network = new SimNetwork(kernel, kernel.Random.Fork());
    }

    public SimKernel Kernel { get; }

    public SimDatabase Database { get; }

    public SimBucket Bucket { get; }

    public SimNetwork Network { get; }

    public IReadOnlyList<SimNode> Nodes => _nodes;

    /// <summary>Sets the clocks of a process that is about to start.</summary>
    public Action<SimProcess> Clocks { get; set; } = static _ => { };

    /// <summary>What is broken on purpose in the metadata store.</summary>
    public Mutation Mutation
    {
        get => Database.Mutated.Mutation;
        set => Database.Mutated.Mutation = value;
    }

    /// <summary>How disks behave until a fault says otherwise.</summary>
    public DiskFaults Disks { get; set; } = new();

    /// <summary>No process's clock has been set wrong.</summary>
    public bool ClocksAgree { get; set; } = true;

    /// <summary>Nothing goes wrong any more.</summary>
    public bool IsHealed { get; set; }

    /// <summary>What is broken on purpose in the engine. Set before the first process starts.</summary>
    public EngineBreak Break { get; set; }

    /// <summary>Changes the engines' limits.</summary>
    public Func<BrokerOptions, BrokerOptions> Options { get; set; } = static o => o;

    public static async Task<SimWorld> CreateAsync(SimKernel kernel)
    {
        SimBucket bucket = new(kernel, kernel.Random.Fork());
        return new SimWorld(kernel, await SimDatabase.OpenAsync(kernel, kernel.Random.Fork()), bucket);
    }

    /// <param name="options">The engine's limits.</param>
    /// <param name="shared">Null for a unified server.</param>
    public SimNode AddNode(BrokerOptions options, Func<string, ClusterMembership>? shared = null)
    {
        string name = $"node{_nodes.Count}";
        SimNode node = new(this, name, Options(options).BrokenBy(Break), shared?.Invoke(name));
        node.Disk.Faults = Disks;
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
