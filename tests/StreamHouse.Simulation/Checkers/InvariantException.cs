namespace StreamHouse.Simulation.Checkers;

/// <summary>Something happened that must never happen.</summary>
public sealed class InvariantException(string message) : Exception(message);
