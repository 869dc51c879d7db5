namespace StreamHouse.Simulation.Scenarios;

/// <summary>A kind of run.</summary>
internal abstract class Scenario
{
    public abstract string Name { get; }

    /// <summary>Builds the world, lets it work and fail, heals it, and audits.</summary>
    public abstract Task RunAsync(SimRun run);
}
