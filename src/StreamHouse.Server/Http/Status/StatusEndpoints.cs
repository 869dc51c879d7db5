using StreamHouse.Broker;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Server.Metrics;

namespace StreamHouse.Server.Http.Status;

/// <summary>Figures of the whole server.</summary>
/// <param name="Version">Of the software.</param>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Incarnation">This run of the process.</param>
/// <param name="Topics">Live topics.</param>
/// <param name="Partitions">Partitions led here.</param>
/// <param name="TailBytes">Rented bytes that are not in objects yet.</param>
/// <param name="TailBytesMax">Their limit: producers wait above it.</param>
/// <param name="NodeLogBytes">Size of the node log's files in use.</param>
/// <param name="ObjectStore">Where objects lie.</param>
internal sealed record ServerStatus(
    string Version, Guid ClusterId, Guid Incarnation, int Topics, int Partitions, long TailBytes, long TailBytesMax, long NodeLogBytes,
    string ObjectStore);

/// <summary>Answer of the health checks.</summary>
/// <param name="Status"><c>live</c> or <c>ready</c>.</param>
internal sealed record Health(string Status);

/// <summary>Status, health and metrics.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this RouteGroupBuilder api) =>
        api.MapGet("/status", Describe).WithSummary("Figures of the whole server.").Produces<ServerStatus>();

    public static void MapHealth(this RouteGroupBuilder root)
    {
        root.MapGet("/health/live", () => Results.Json(new Health("live"), HttpJson.Default.Health))
            .WithSummary("The process runs and answers.").Produces<Health>();
        root.MapGet("/health/ready", CheckAsync).WithSummary("Metadata and object store can be written, and uploads succeed: checked, at most once a second.").Produces<Health>();
        root.MapGet("/metrics", Metrics).WithSummary("Metrics in Prometheus' text format.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static IResult Describe(IBroker broker)
    {
        BrokerStatus status = broker.Status;
        return Results.Json(
            new ServerStatus(
                ServerIdentity.Version, status.ClusterId, status.Incarnation, status.Topics, status.Partitions, status.TailBytes, status.TailBytesMax,
                status.NodeLogBytes, status.ObjectStore),
            HttpJson.Default.ServerStatus);
    }

    private static async Task CheckAsync(HttpContext context, ReadinessProbe probe)
    {
        string? reason = await probe.FindFaultAsync().WaitAsync(context.RequestAborted);
        if (reason is null)
        {
            await context.Response.WriteAsJsonAsync(new Health("ready"), HttpJson.Default.Health, contentType: null, context.RequestAborted);
            return;
        }
        await Problem.Of(context, StatusCodes.Status503ServiceUnavailable, BrokerErrorCode.StorageFailed, reason).WriteAsync(context);
    }

    private static IResult Metrics(MetricsCollector collector) =>
        Results.Text(PrometheusWriter.Write(collector.Collect()), PrometheusWriter.ContentType);
}
