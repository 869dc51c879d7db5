namespace StreamHouse.Client.Groups;

/// <summary>Why a member of a stable group stops to be content.</summary>
internal enum MemberSignal
{
    /// <summary>Nothing has happened.</summary>
    None,

    /// <summary>The group rebalances, or the member wants other topics.</summary>
    Rejoin,

    /// <summary>The user has not asked for records for too long.</summary>
    Away,

    /// <summary>A heartbeat failed; its error says how.</summary>
    Failed,

    /// <summary>The server has been silent for so long that it has given the member up.</summary>
    Expired,
}

/// <summary>What heartbeats and the user tell the membership; the gravest counts.</summary>
internal sealed class MemberSignals
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private MemberSignal _signal;
    private StreamHouseException? _error;

    /// <summary>What has happened since it was taken last.</summary>
    public MemberSignal Current
    {
        get
        {
            lock (_gate)
            {
                return _signal;
            }
        }
    }

    /// <summary>Whether the group has given the member up, or may have.</summary>
    public bool IsGone => Current is MemberSignal.Failed or MemberSignal.Expired;

    public void Set(MemberSignal signal, StreamHouseException? error = null)
    {
        lock (_gate)
        {
            if (signal < _signal)
            {
                return;
            }
            (_signal, _error) = (signal, error);
            _waiting?.TrySetResult();
            _waiting = null;
        }
    }

    /// <summary>What has happened; from now on nothing has.</summary>
    public (MemberSignal Signal, StreamHouseException? Error) Take()
    {
        lock (_gate)
        {
            (MemberSignal, StreamHouseException?) taken = (_signal, _error);
            (_signal, _error) = (MemberSignal.None, null);
            return taken;
        }
    }

    /// <summary>Waits until something has happened, or <paramref name="timeout"/> is over.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken ct)
    {
        using CancellationTokenSource limit = new(timeout, clock);
        using CancellationTokenRegistration stopped = ct.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), limit);
        try
        {
            await WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    /// <summary>Waits until something has happened.</summary>
    public async Task WaitAsync(CancellationToken ct)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            if (_signal != MemberSignal.None)
            {
                return;
            }
            waiting = _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        await Waits.UntilAsync(waiting.Task, ct);
    }
}
