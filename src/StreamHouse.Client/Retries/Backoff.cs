namespace StreamHouse.Client.Retries;

/// <summary>The waits between the attempts of one operation. For one caller at a time.</summary>
/// <param name="options">How they grow.</param>
/// <param name="random">Spreads them.</param>
internal sealed class Backoff(RetryOptions options, Random random)
{
    private int _failures;

    /// <summary>The wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        // 2^30 times any initial wait is above any maximum.
        double factor = Math.Pow(2, Math.Min(_failures++, 30));
        double ticks = Math.Min(options.BackoffInitial.Ticks * factor, options.BackoffMax.Ticks);
        double spread = 1 + (options.JitterRatio * ((2 * random.NextDouble()) - 1));
        return TimeSpan.FromTicks((long)(ticks * spread));
    }

    /// <summary>After a success: the next failure begins at the initial wait.</summary>
    public void Reset() => _failures = 0;
}
