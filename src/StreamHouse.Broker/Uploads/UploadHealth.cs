using StreamHouse.Broker.Segments;

namespace StreamHouse.Broker.Uploads;

/// <summary>What keeps tails from becoming objects.</summary>
/// <param name="Step">The step that fails: <c>uploads</c> or <c>commits</c>.</param>
/// <param name="Error">Its last failure.</param>
/// <param name="Since">When it began to fail, by the clock's timestamp.</param>
internal sealed record UploadFault(string Step, Exception Error, long Since)
{
    /// <summary>Whether space would mend it.</summary>
    public bool IsLackOfSpace => Error is ObjectStoreFullException or BrokerException { Code: BrokerErrorCode.NoSpace };

    /// <summary>What a refused producer is told.</summary>
    public BrokerErrorCode Code => IsLackOfSpace ? BrokerErrorCode.NoSpace : BrokerErrorCode.Overloaded;
}

/// <summary>Whether uploads and commits succeed, for those who wait for them. Safe for concurrent use.</summary>
internal sealed class UploadHealth(TimeProvider clock)
{
    /// <summary>Failures that last no longer than this are the stores' everyday life.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private UploadFault? _upload;
    private UploadFault? _commit;

    /// <summary>What fails now; null when all that was tried last succeeded.</summary>
    public UploadFault? Fault
    {
        get
        {
            lock (_lock)
            {
                return _commit ?? _upload;
            }
        }
    }

    /// <summary>An object could not be stored.</summary>
    public void UploadFailed(Exception error)
    {
        lock (_lock)
        {
            _upload = Later(_upload, "uploads", error);
        }
    }

    /// <summary>An object was stored.</summary>
    public void UploadSucceeded()
    {
        lock (_lock)
        {
            _upload = null;
        }
    }

    /// <summary>A stored object could not be committed.</summary>
    public void CommitFailed(Exception error)
    {
        lock (_lock)
        {
            _commit = Later(_commit, "commits", error);
        }
    }

    /// <summary>The manifest has answered.</summary>
    public void CommitSucceeded()
    {
        lock (_lock)
        {
            _commit = null;
        }
    }

    /// <summary>Does nothing unless uploads or commits have been failing for longer than a few seconds.</summary>
    /// <exception cref="BrokerException">They have; the message says which and why.</exception>
    public void ThrowIfFailing()
    {
        if (Fault is { } fault && clock.GetElapsedTime(fault.Since) is var failing && failing > Tolerance)
        {
            throw new BrokerException(
                fault.IsLackOfSpace ? BrokerErrorCode.NoSpace : BrokerErrorCode.StorageFailed,
                $"For {failing.TotalSeconds:F0} s {fault.Step} of segments have been failing: {fault.Error.Message}",
                fault.Error);
        }
    }

    private UploadFault Later(UploadFault? earlier, string step, Exception error) => new(step, error, earlier?.Since ?? clock.GetTimestamp());
}
