using StreamHouse.Server.Metrics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Metrics;

public sealed class PrometheusWriterTests
{
    [Fact]
    public async Task Awkward_help_and_label_values_are_escaped()
    {
        var family = new MetricFamily("awkward_things_total", MetricKind.Counter, "Two\nlines and a \\.", []);
        family.Record(1, [new("path", "C:\\dir \"quoted\"\nend"), new("0bad-label", "x")]);
        string page = PrometheusWriter.Write([family]);
        page.ShouldContain("# HELP awkward_things_total Two\\nlines and a \\\\.\n");
        page.ShouldContain("{path=\"C:\\\\dir \\\"quoted\\\"\\nend\",_0bad_label=\"x\"} 1\n");
        RequiredTools.Require("promtool");
        (await PromTool.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public void Numbers_do_not_follow_the_machines_language()
    {
        PrometheusWriter.Number(0.1).ShouldBe("0.1");
        PrometheusWriter.Number(double.PositiveInfinity).ShouldBe("+Inf");
        PrometheusWriter.Number(double.NaN).ShouldBe("NaN");
    }

    [Fact]
    public void Too_many_combinations_of_tags_are_discarded_and_counted()
    {
        var family = new MetricFamily("many_total", MetricKind.Counter, "Many.", []);
        for (int i = 0; i < MetricFamily.SeriesMax + 3; i++)
        {
            family.Record(1, [new("id", i)]);
        }
        family.Series.Length.ShouldBe(MetricFamily.SeriesMax);
        PrometheusWriter.Write([family]).ShouldContain("streamhouse_metrics_discarded_total 3\n");
    }

    [Theory]
    [InlineData("streamhouse.append", "By", MetricKind.Counter, "streamhouse_append_bytes_total")]
    [InlineData("dotnet.gc.collections", "{collection}", MetricKind.ObservedCounter, "dotnet_gc_collections_total")]
    [InlineData("work.duration", "s", MetricKind.Histogram, "work_duration_seconds")]
    [InlineData("ratio", "1", MetricKind.Gauge, "ratio")]
    [InlineData("size.bytes", "By", MetricKind.Gauge, "size_bytes")]
    internal void Names_follow_Prometheus_conventions(string instrument, string unit, MetricKind kind, string expected) =>
        PrometheusName.Of(instrument, unit, kind).ShouldBe(expected);
}
