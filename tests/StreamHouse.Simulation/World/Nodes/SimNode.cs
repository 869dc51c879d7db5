using Microsoft.Extensions.Logging;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Leases;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World.Disk;
using StreamHouse.Simulation.World.Metadata;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.World.Nodes;

/// <summary>A machine with a disk, on which one process after another runs the real engine.</summary>
internal sealed class SimNode : IDisposable
{
    private readonly SimWorld _world;
    private readonly SimRandom _random;
    private readonly ClusterMembership? _shared;
    private BrokerMetrics? _metrics;
    private int _starts;

    public SimNode(SimWorld world, string name, BrokerOptions options, ClusterMembership? shared)
    {
        _world = world;
        _random = world.Kernel.Random.Fork();
        Name = name;
        Options = options;
        _shared = shared;
        Disk = new SimDisk(world.Kernel, $"{name}.disk", _random.Fork());
        Process = new SimProcess(world.Kernel, $"{name}#0", _random.Fork());
        Process.Kill();
    }

    public string Name { get; }

    public BrokerOptions Options { get; }

    public SimDisk Disk { get; }

    /// <summary>The process of now, or the last one.</summary>
    public SimProcess Process { get; private set; }

    /// <summary>The engine, while it serves.</summary>
    public LocalBroker? Broker { get; private set; }

    /// <summary>Why the last start was refused, or the process ended by itself.</summary>
    public Exception? Refusal { get; private set; }

    /// <summary>Bits that flipped on its disk while it was down: a start may be refused for them, and a backup can put them right.</summary>
    public List<BitFlip> Flips { get; } = [];

    public bool IsUp => Process.Alive;

    /// <summary>Starts a process; it serves some time later, or is refused.</summary>
    public void Start()
    {
        SimKernel kernel = _world.Kernel;
        Refusal = null;
        Process = new SimProcess(kernel, $"{Name}#{++_starts}", _random.Fork());
        _world.Clocks(Process);
        kernel.Trace.Add(Process.Name, $"starts");
        SimProcess process = Process;
        process.Start(() => RunAsync(process));
    }

    /// <summary>The process ends where it stands; its machine keeps what the page cache holds.</summary>
    public void Kill()
    {
        if (Process.Alive)
        {
            _world.Kernel.Trace.Add(Process.Name, $"killed");
            Process.Kill();
            Leave();
        }
    }

    /// <summary>The process ends, and what was not synced is lost or torn.</summary>
    public void LosePower()
    {
        Kill();
        Disk.LosePower();
    }

    /// <summary>The process ends in the middle of a write, of which everything has reached the disk but for one bit that is wrong.</summary>
    /// <returns>Whether anything was being written.</returns>
    public bool LosePowerAndFlipUnsynced()
    {
        Kill();
        return Disk.LosePowerAndFlipUnsynced();
    }

    /// <summary>Stops as an operator would, within a time; killed when that is not enough.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        SimProcess process = Process;
        if (Broker is not { } broker || !process.Alive)
        {
            Kill();
            return;
        }
        _world.Kernel.Trace.Add(process.Name, $"stops");
        TaskCompletionSource<bool> stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Start(async () =>
        {
            using CancellationTokenSource enough = new(limit / 2, process.Clock);
            await broker.StopAsync(enough.Token);
            stopped.TrySetResult(true);
        });
        _world.Kernel.Schedule(_world.Kernel.World, limit, _ => stopped.TrySetResult(false), null);
        if (await stopped.Task && process.Alive)
        {
            _world.Kernel.Trace.Add(process.Name, $"stopped");
            process.Kill();
            Leave();
        }
        else if (process == Process)
        {
            Kill();
        }
    }

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        Kill();
        _metrics?.Dispose();
    }

    private async Task RunAsync(SimProcess process)
    {
        BrokerMetrics metrics = _metrics = new BrokerMetrics();
        LocalBroker broker;
        try
        {
            BrokerPorts ports = new(
                new SimMetadataStore(_world.Database, process, embedded: _shared is null), new SimObjectStore(_world.Bucket, process), new SimLogDevice(Disk, process),
                process.Clock, process.Random, metrics, new SimLoggers(process));
            broker = _shared is { } shared
                ? await LocalBroker.StartSharedAsync(ports, Options, shared, CancellationToken.None)
                : await LocalBroker.StartAsync(ports, Options, CancellationToken.None);
        }
        catch (Exception e) when (e is BrokerException or IOException)
        {
            End(process, "is refused", e);
            return;
        }
        if (process.Alive)
        {
            _world.Kernel.Trace.Add(process.Name, $"serves");
            Broker = broker;
            // It has read what it needs: a start will not be refused for them any more.
            Flips.Clear();
            End(process, "has failed", await broker.Failed);
        }
    }

    // What the server's host does: the process exits, acknowledging nothing more.
    private void End(SimProcess process, string how, Exception cause)
    {
        _world.Kernel.Trace.Add(process.Name, $"{how}: {cause.Message}");
        Refusal = cause;
        process.Kill();
        Leave();
    }

    private void Leave()
    {
        Broker = null;
        _metrics?.Dispose();
        _metrics = null;
    }
}

/// <summary>The engine's warnings and errors, in the trace.</summary>
internal sealed class SimLoggers(SimProcess process) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("There is one log: the trace.");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            process.Kernel.Trace.Add(process.Name, $"logs {formatter(state, exception)}");
        }
    }

    public void Dispose()
    {
    }
}
