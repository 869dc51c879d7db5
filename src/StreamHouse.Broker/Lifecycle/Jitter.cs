namespace StreamHouse.Broker.Lifecycle;

/// <summary>Keeps processes that started together from working at the same moments.</summary>
internal static class Jitter
{
    /// <summary>A pause from 75 % to 125 % of the interval.</summary>
    public static TimeSpan Around(TimeSpan interval, IRandomSource random) => interval * (0.75 + (0.5 * random.NextDouble()));
}
