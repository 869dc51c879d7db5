using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Network;

/// <summary>Wires between named ends: messages take time, are lost, repeated, held back, or cut off in one direction.</summary>
internal sealed class SimNetwork(SimKernel kernel, SimRandom random)
{
    private readonly HashSet<string> _cutFrom = [];
    private readonly Dictionary<string, TimeSpan> _clogTo = [];

    public SimKernel Kernel => kernel;

    public SimRandom Random => random;

    /// <summary>How it behaves now.</summary>
    public NetworkFaults Faults { get; set; } = new();

    /// <summary>Nothing that a node sends arrives any more; the way to it stays open.</summary>
    public void CutAllFrom(string node)
    {
        kernel.Trace.Add("network", $"cut from {node}");
        _cutFrom.Add(node);
    }

    /// <summary>Everything sent to a node arrives only after a moment, all at once.</summary>
    public void ClogAllTo(string node, TimeSpan until)
    {
        kernel.Trace.Add("network", $"clog to {node}");
        _clogTo[node] = until;
    }

    public void Heal()
    {
        _cutFrom.Clear();
        _clogTo.Clear();
        Faults = new NetworkFaults();
    }

    /// <summary>Time on the way for a message sent now, or null when it will never arrive.</summary>
    public TimeSpan? Travel(string from, string to)
    {
        TimeSpan delay = random.Duration(Faults.Delay.First, Faults.Delay.Last);
        if (_clogTo.TryGetValue(to, out TimeSpan until) && until > kernel.Now)
        {
            delay += until - kernel.Now;
        }
        bool lost = random.Chance(Faults.Loss);
        return lost || _cutFrom.Contains(from) ? null : delay;
    }
}

/// <summary>No answer came: the request may or may not have been done, or is still to be.</summary>
internal sealed class SimNetworkException(string message) : IOException(message);
