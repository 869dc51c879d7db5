namespace StreamHouse.Simulation.Kernel;

/// <summary>
/// One operating-system process of the simulated world. All that runs in it carries its context: when it has crashed nothing of it
/// runs any more, and while it is paused everything waits.
/// </summary>
internal sealed class SimProcess
{
    private readonly List<SimKernel.Work> _held = [];

    public SimProcess(SimKernel kernel, string name, SimRandom random)
    {
        Kernel = kernel;
        Name = name;
        Random = random;
        Context = new SimContext(this);
        Clock = new SimClock(this);
    }

    public SimKernel Kernel { get; }

    public string Name { get; }

    /// <summary>What the process itself draws from.</summary>
    public SimRandom Random { get; }

    public SimClock Clock { get; }

    public SimContext Context { get; }

    public bool Alive { get; private set; } = true;

    public bool Paused { get; private set; }

    /// <summary>Runs something in this process.</summary>
    public void Start(Func<Task> work) => Kernel.Post(this, w => _ = GuardAsync((Func<Task>)w!), work);

    /// <summary>Ends it where it stands.</summary>
    public void Kill()
    {
        Alive = false;
        _held.Clear();
    }

    /// <summary>Nothing of it runs until <see cref="Resume"/>; its clock goes on.</summary>
    public void Pause() => Paused = true;

    public void Resume()
    {
        Paused = false;
        foreach (SimKernel.Work work in _held)
        {
            Kernel.Post(work.Process, work.Callback, work.State);
        }
        _held.Clear();
    }

    /// <summary>Whether a piece of work may run now; it is kept or dropped otherwise.</summary>
    internal bool MayRun(in SimKernel.Work work)
    {
        if (Alive && Paused)
        {
            _held.Add(work);
        }
        return Alive && !Paused;
    }

    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e)
        {
            Kernel.Fail(e);
        }
    }
}

/// <summary>Brings continuations back to the kernel, in the process that awaited.</summary>
internal sealed class SimContext(SimProcess process) : SynchronizationContext
{
    public SimProcess Process => process;

    public override void Post(SendOrPostCallback d, object? state) => process.Kernel.Post(process, d, state);

    public override void Send(SendOrPostCallback d, object? state) => throw new SimulationEscapeException("Send would block the only thread.");

    public override SynchronizationContext CreateCopy() => this;
}
