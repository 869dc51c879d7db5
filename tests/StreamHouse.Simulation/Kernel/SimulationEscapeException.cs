namespace StreamHouse.Simulation.Kernel;

/// <summary>Work of the simulation ran on another thread: something was awaited that may not be (docs/simulation.md has the list).</summary>
public sealed class SimulationEscapeException(string message) : Exception(message);
