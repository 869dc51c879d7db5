namespace StreamHouse.Client.Retries;

/// <summary>
/// How long to wait between attempts: <see cref="BackoffInitial"/> before the second, twice as long before each further one up to
/// <see cref="BackoffMax"/>, each spread at random by <see cref="JitterRatio"/> so that clients do not come back all at once.
/// </summary>
public sealed record RetryOptions
{
    /// <summary>Wait before the second attempt. Default 20 ms.</summary>
    public TimeSpan BackoffInitial { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest wait, before jitter. Default 1 s.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Each wait is multiplied by a random number within 1 ± this; 0 to 1. Default 0.2.</summary>
    public double JitterRatio { get; init; } = 0.2;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(BackoffInitial, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(BackoffMax, BackoffInitial);
        ArgumentOutOfRangeException.ThrowIfLessThan(JitterRatio, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(JitterRatio, 1);
    }
}
