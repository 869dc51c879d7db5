using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Actors;

/// <summary>A client that does one thing over and over until it is told to finish.</summary>
internal abstract class Actor
{
    protected Actor(SimWorld world, string name)
    {
        World = world;
        Process = new SimProcess(world.Kernel, name, world.Kernel.Random.Fork());
        world.Clocks(Process);
        Link = new ClientLink(world, Process);
    }

    public string Name => Process.Name;

    /// <summary>It has finished.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Told to finish what it has begun.</summary>
    public bool Finishing { get; set; }

    protected SimWorld World { get; }

    protected SimProcess Process { get; }

    protected ClientLink Link { get; }

    protected SimRandom Random => Process.Random;

    public void Start() => Process.Start(async () =>
    {
        await RunAsync();
        IsDone = true;
    });

    protected abstract Task RunAsync();

    protected Task PauseAsync(TimeSpan first, TimeSpan last) => Task.Delay(Random.Duration(first, last), Process.Clock);
}
