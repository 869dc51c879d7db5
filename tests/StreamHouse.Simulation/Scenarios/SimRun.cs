using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Disk;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Nodes;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>One run: its world, its actors, what they know, and what goes wrong.</summary>
internal sealed class SimRun(SimWorld world, SimRandom random, IReadOnlySet<int> withoutFaults)
{
    private readonly List<Actor> _actors = [];
    private bool _working;

    public SimWorld World => world;

    public SimKernel Kernel => world.Kernel;

    /// <summary>For the scenario's own choices.</summary>
    public SimRandom Random => random;

    public LogModel Model { get; } = new();

    /// <summary>Consumer groups.</summary>
    public List<GroupModel> Groups { get; } = [];

    public IReadOnlyList<Actor> Actors => _actors;

    /// <summary>What goes wrong, in order; those left out included.</summary>
    public IReadOnlyList<Fault> Faults { get; private set; } = [];

    /// <summary>Virtual time in which nothing was done but to wait for the collector.</summary>
    public TimeSpan Idle { get; set; }

    /// <summary>Adds an actor, which begins with the others, or at once when they have begun.</summary>
    public void Add(Actor actor)
    {
        _actors.Add(actor);
        if (_working)
        {
            actor.Start();
        }
    }

    /// <summary>Checks every transaction on leases and manifest.</summary>
    /// <param name="alone">Nobody contends for leases.</param>
    public void Watch(bool alone = false)
    {
        ManifestWatch watch = new(world, Model) { Alone = alone };
        world.Database.Committed = watch.See;
        world.Bucket.Deleted = watch.SeeDeleted;
    }

    /// <summary>Keeps nodes running until the end.</summary>
    public void Supervise() => Kernel.World.Start(new Supervisor(world).RunAsync);

    /// <summary>Lets all actors work while the faults happen, for a time.</summary>
    public async Task WorkAsync(IReadOnlyList<Fault> faults, TimeSpan length)
    {
        Faults = faults;
        _working = true;
        foreach (Actor actor in _actors)
        {
            actor.Start();
        }
        for (int i = 0; i < faults.Count; i++)
        {
            Fault fault = faults[i];
            if (!withoutFaults.Contains(i))
            {
                Kernel.Schedule(Kernel.World, fault.At, _ =>
                {
                    Kernel.Trace.Add("fault", $"{fault.What}");
                    fault.Apply(world);
                }, null);
            }
        }
        await Kernel.DelayAsync(length);
    }

    /// <summary>Everything works again.</summary>
    public async Task HealAsync()
    {
        // Faults that end by themselves have done so by then.
        await Kernel.DelayAsync(TimeSpan.FromSeconds(45));
        Kernel.Trace.Add("world", $"heals");
        world.IsHealed = true;
        world.Network.Heal();
        world.Bucket.Faults = new ObjectFaults();
        world.Database.Faults = new MetadataFaults();
        world.Database.CutOff.Clear();
        foreach (SimNode node in world.Nodes)
        {
            node.Disk.Faults = new DiskFaults();
            node.Process.Resume();
            // Somebody sets the clock right, now and for what starts later.
            node.Process.Clock.Skew = TimeSpan.Zero;
        }
        world.Clocks = static _ => { };
    }

    /// <summary>Lets all actors finish, and fails when one cannot although nothing is in its way.</summary>
    public async Task FinishAsync(TimeSpan limit)
    {
        TimeSpan until = Kernel.Now + limit;
        while (_actors.Find(a => !a.IsDone) is { } busy)
        {
            // Some have come meanwhile.
            _actors.ForEach(a => a.Finishing = true);
            if (Kernel.Now > until)
            {
                throw new InvariantException($"No progress: {busy.Name} has not finished within {limit} of a healthy world.");
            }
            await Kernel.DelayAsync(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>Waits for something that must come in a healthy world.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        TimeSpan until = Kernel.Now + TimeSpan.FromMinutes(2);
        while (!condition())
        {
            if (Kernel.Now > until)
            {
                throw new InvariantException($"No progress: {what} has not come within two minutes of a healthy world.");
            }
            await Kernel.DelayAsync(TimeSpan.FromMilliseconds(50));
        }
    }
}
