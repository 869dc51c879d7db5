using System.Text;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Metrics;
using StreamHouse.Tests.Server;

namespace StreamHouse.Tests.Metrics;

/// <summary>docs/metrics.md against the code.</summary>
public sealed class MetricsDocumentationTests
{
    [Fact]
    public void Table_of_metrics_is_that_of_the_code()
    {
        using BrokerMetrics metrics = new();
        foreach (BrokerGauge gauge in Enum.GetValues<BrokerGauge>())
        {
            metrics.Observe(gauge, () => 1);
        }
        metrics.ObserveGroups(_ => 1);
        _ = new KafkaMetrics(metrics, TimeProvider.System);
        using MetricsCollector collector = new(metrics);
        StringBuilder table = new("| name | type | what |\n| --- | --- | --- |\n");
        foreach (MetricFamily family in collector.Collect().Where(f => f.Name.StartsWith("streamhouse_", StringComparison.Ordinal)))
        {
            string type = family.Kind switch
            {
                MetricKind.Counter or MetricKind.ObservedCounter => "counter",
                MetricKind.Histogram => "histogram",
                _ => "gauge",
            };
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{family.Name}` | {type} | {family.Help} |\n");
        }

        File.ReadAllText(Repository.PathOf("docs/metrics.md")).ShouldContain(table.ToString(), Case.Sensitive);
    }
}
