using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>Something that goes wrong at a moment. Everything about it is decided before the run, so that one can be left out without changing the others.</summary>
/// <param name="At">When, in virtual time.</param>
/// <param name="What">For a person.</param>
/// <param name="Apply">Does it; undoing it later is its own business.</param>
internal sealed record Fault(TimeSpan At, string What, Action<SimWorld> Apply);
