using System.Globalization;
using System.Text;

namespace StreamHouse.Server.Metrics;

/// <summary>Writes metrics in Prometheus' text format 0.0.4.</summary>
internal static class PrometheusWriter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (MetricFamily family in families)
        {
            MetricSeries[] series = family.Series;
            if (series.Length == 0)
            {
                continue;
            }
            text.Append("# HELP ").Append(family.Name).Append(' ').Append(Escape(family.Help, quotes: false)).Append('\n');
            text.Append("# TYPE ").Append(family.Name).Append(' ').Append(TypeOf(family.Kind)).Append('\n');
            foreach (MetricSeries one in series)
            {
                if (family.Kind == MetricKind.Histogram)
                {
                    WriteHistogram(text, family, one);
                }
                else
                {
                    WriteSample(text, family.Name, "", one.Tags, null, one.ReadValue());
                }
            }
        }
        WriteDiscarded(text, families);
        return text.ToString();
    }

    /// <summary>Escapes help texts, and label values when <paramref name="quotes"/> says so.</summary>
    public static string Escape(string text, bool quotes)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static void WriteHistogram(StringBuilder text, MetricFamily family, MetricSeries series)
    {
        // Count is the sum of the buckets as read here, so that it always equals the bucket of infinity.
        long count = 0;
        for (int i = 0; i < family.Bounds.Length; i++)
        {
            count += series.ReadBucket(i);
            WriteSample(text, family.Name, "_bucket", series.Tags, Number(family.Bounds[i]), count);
        }
        count += series.ReadBucket(family.Bounds.Length);
        WriteSample(text, family.Name, "_bucket", series.Tags, "+Inf", count);
        WriteSample(text, family.Name, "_sum", series.Tags, null, series.ReadValue());
        WriteSample(text, family.Name, "_count", series.Tags, null, count);
    }

    private static void WriteSample(
        StringBuilder text, string name, string suffix, KeyValuePair<string, string>[] tags, string? bound, double value)
    {
        text.Append(name).Append(suffix);
        if (tags.Length > 0 || bound is not null)
        {
            char separator = '{';
            foreach ((string label, string labelValue) in tags)
            {
                text.Append(separator).Append(PrometheusName.Clean(label)).Append("=\"").Append(Escape(labelValue, quotes: true)).Append('"');
                separator = ',';
            }
            if (bound is not null)
            {
                text.Append(separator).Append("le=\"").Append(bound).Append('"');
            }
            text.Append('}');
        }
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static void WriteDiscarded(StringBuilder text, IReadOnlyList<MetricFamily> families)
    {
        const string Name = "streamhouse_metrics_discarded_total";
        text.Append("# HELP ").Append(Name).Append(" Measurements discarded because an instrument has too many combinations of tags.\n");
        text.Append("# TYPE ").Append(Name).Append(" counter\n");
        WriteSample(text, Name, "", [], null, families.Sum(f => f.Discarded));
    }

    private static string TypeOf(MetricKind kind) => kind switch
    {
        MetricKind.Counter or MetricKind.ObservedCounter => "counter",
        MetricKind.SummedGauge or MetricKind.Gauge => "gauge",
        MetricKind.Histogram => "histogram",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of metric."),
    };
}
