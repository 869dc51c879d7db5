using System.Text;

namespace StreamHouse.Server.Metrics;

/// <summary>Prometheus' conventions for metric names: underscores, the base unit, and <c>_total</c> at the end of counters.</summary>
internal static class PrometheusName
{
    public static string Of(string instrument, string? unit, MetricKind kind)
    {
        var name = new StringBuilder(Clean(instrument));
        AppendSuffix(name, UnitSuffix(unit));
        if (kind is MetricKind.Counter or MetricKind.ObservedCounter)
        {
            AppendSuffix(name, "_total");
        }
        return name.ToString();
    }

    /// <summary>Replaces what may not stand in a metric or label name.</summary>
    public static string Clean(string name)
    {
        var cleaned = new StringBuilder(name.Length + 1);
        foreach (char c in name)
        {
            cleaned.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            cleaned.Insert(0, '_');
        }
        return cleaned.ToString();
    }

    // Units in braces are annotations ("{request}"), and 1 is no unit.
    private static string UnitSuffix(string? unit) => unit switch
    {
        null or "" or "1" => "",
        "s" => "_seconds",
        "By" => "_bytes",
        _ when unit[0] == '{' => "",
        _ => "_" + Clean(unit),
    };

    private static void AppendSuffix(StringBuilder name, string suffix)
    {
        if (suffix.Length > 0 && !name.ToString().EndsWith(suffix, StringComparison.Ordinal))
        {
            name.Append(suffix);
        }
    }
}
