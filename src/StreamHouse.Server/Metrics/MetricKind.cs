namespace StreamHouse.Server.Metrics;

/// <summary>What Prometheus calls an instrument, and whether its measurements add up or replace each other.</summary>
internal enum MetricKind
{
    /// <summary>Only grows; measurements are added.</summary>
    Counter,

    /// <summary>Only grows; a measurement is the new total.</summary>
    ObservedCounter,

    /// <summary>Goes up and down; measurements are added.</summary>
    SummedGauge,

    /// <summary>Goes up and down; a measurement is the new value.</summary>
    Gauge,

    /// <summary>A distribution.</summary>
    Histogram,
}
