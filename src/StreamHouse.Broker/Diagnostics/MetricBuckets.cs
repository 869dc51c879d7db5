namespace StreamHouse.Broker.Diagnostics;

/// <summary>Upper bounds of histogram buckets, passed to listeners as advice.</summary>
internal static class MetricBuckets
{
    /// <summary>25 µs (a local sync takes 45) to one minute (a large upload to a far bucket).</summary>
    public static double[] Seconds { get; } =
    [
        0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ];

    /// <summary>4 KiB (the smallest frame) to 64 MiB.</summary>
    public static long[] Bytes { get; } =
    [
        4096, 16_384, 65_536, 262_144, 1_048_576, 2_097_152, 4_194_304, 8_388_608, 16_777_216, 67_108_864,
    ];

    /// <summary>Things handled together.</summary>
    public static long[] Counts { get; } = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];
}
