namespace StreamHouse.Simulation.Kernel;

/// <summary>A callback at a moment of virtual time.</summary>
internal sealed class SimTimer(SimProcess process, SendOrPostCallback callback, object? state)
{
    private long _due = -1;

    public SimProcess Process => process;

    public SendOrPostCallback Callback => callback;

    public object? State => state;

    /// <summary>It will not fire.</summary>
    public void Cancel() => _due = -1;

    internal void Arm(long due) => _due = due;

    internal bool TryFire(long due)
    {
        if (_due != due || !process.Alive)
        {
            return false;
        }
        _due = -1;
        return true;
    }
}
