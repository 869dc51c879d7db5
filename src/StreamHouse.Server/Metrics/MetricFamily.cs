using System.Globalization;

namespace StreamHouse.Server.Metrics;

/// <summary>One instrument as Prometheus sees it: a name and a series per combination of tags.</summary>
internal sealed class MetricFamily(string name, MetricKind kind, string help, double[] bounds)
{
    private readonly Lock _adding = new();
    private volatile MetricSeries[] _series = [];
    private long _discarded;

    /// <summary>More combinations of tags than this are discarded and counted: a runaway tag must not eat the memory.</summary>
    public const int SeriesMax = 256;

    public string Name { get; } = name;

    public MetricKind Kind { get; } = kind;

    public string Help { get; } = help;

    public double[] Bounds { get; } = bounds;

    public MetricSeries[] Series => _series;

    public long Discarded => Volatile.Read(ref _discarded);

    public void Record(double measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        MetricSeries? series = Find(_series, tags) ?? Add(tags);
        if (series is null)
        {
            Interlocked.Increment(ref _discarded);
            return;
        }
        series.Record(measurement);
    }

    private MetricSeries? Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_adding)
        {
            MetricSeries? existing = Find(_series, tags);
            if (existing is not null || _series.Length >= SeriesMax)
            {
                return existing;
            }
            var own = new KeyValuePair<string, string>[tags.Length];
            for (int i = 0; i < tags.Length; i++)
            {
                own[i] = new(tags[i].Key, Text(tags[i].Value));
            }
            var added = new MetricSeries(Kind, Bounds, own);
            _series = [.. _series, added];
            return added;
        }
    }

    private static MetricSeries? Find(MetricSeries[] series, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (MetricSeries one in series)
        {
            if (Same(one.Tags, tags))
            {
                return one;
            }
        }
        return null;
    }

    private static bool Same(KeyValuePair<string, string>[] own, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (own.Length != tags.Length)
        {
            return false;
        }
        for (int i = 0; i < own.Length; i++)
        {
            // Names and values are prebuilt strings, so these comparisons mostly end at the reference.
            if (own[i].Key != tags[i].Key || own[i].Value != Text(tags[i].Value))
            {
                return false;
            }
        }
        return true;
    }

    private static string Text(object? value) => value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
