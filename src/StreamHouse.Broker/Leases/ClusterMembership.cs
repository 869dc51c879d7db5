namespace StreamHouse.Broker.Leases;

/// <summary>How a process shares a cluster with others.</summary>
public sealed record ClusterMembership
{
    /// <summary>The process's lasting name. Not empty.</summary>
    public required string AgentId { get; init; }

    /// <summary>How others reach it, by protocol name.</summary>
    public IReadOnlyDictionary<string, string> Endpoints { get; init; } = new Dictionary<string, string>();

    /// <summary>A session that is not renewed for this long has expired: others take its leases. 1 s to 5 min.</summary>
    public TimeSpan SessionTimeToLive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the session is renewed: at most a third of <see cref="SessionTimeToLive"/>.</summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often changes by other processes are looked for: topics, and leases that can be taken. 10 ms to 5 min; jittered.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentException">Names the setting.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(AgentId);
        ArgumentOutOfRangeException.ThrowIfLessThan(SessionTimeToLive, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SessionTimeToLive, TimeSpan.FromMinutes(5));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RenewInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RenewInterval, SessionTimeToLive / 3);
        ArgumentOutOfRangeException.ThrowIfLessThan(ScanInterval, TimeSpan.FromMilliseconds(10));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ScanInterval, TimeSpan.FromMinutes(5));
    }
}
