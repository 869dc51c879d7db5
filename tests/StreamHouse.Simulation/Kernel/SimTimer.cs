namespace StreamHouse.Simulation.Kernel;

/// <summary>A callback at a moment of virtual time.</summary>
internal sealed class SimTimer(SimProcess process, SendOrPostCallback callback, object? state)
{
    public SimProcess Process => process;

    public SendOrPostCallback Callback => callback;

    public object? State => state;

    /// <summary>When it fires, in ticks of virtual time.</summary>
    internal long Due { get; set; }

    /// <summary>Which of the timers that fire at the same time comes first.</summary>
    internal long Sequence { get; set; }

    /// <summary>Its place in the <see cref="TimerQueue"/>, or -1.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>It will not fire.</summary>
    public void Cancel() => process.Kernel.Disarm(this);

    internal bool IsBefore(SimTimer other) => Due < other.Due || (Due == other.Due && Sequence < other.Sequence);
}
