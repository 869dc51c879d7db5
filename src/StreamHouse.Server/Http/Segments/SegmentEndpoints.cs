using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Segments;

/// <summary>A slice of a partition in an object.</summary>
/// <param name="BaseOffset">First offset.</param>
/// <param name="EndOffset">Offset after the last.</param>
/// <param name="Epoch">Lease epoch it was committed under.</param>
/// <param name="ObjectId">The object's id.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Position">Where the slice starts in the object.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Records">Its records.</param>
/// <param name="MaxTimestamp">Its largest timestamp, ms since 1970.</param>
internal sealed record SegmentSummary(
    long BaseOffset, long EndOffset, long Epoch, Guid ObjectId, string Key, long Position, long Bytes, long Records, long MaxTimestamp);

/// <summary>A page of a partition's slices; ask on with <c>from</c> = the last one's end offset.</summary>
internal sealed record SegmentList(string Topic, int Partition, IReadOnlyList<SegmentSummary> Segments);

/// <summary>Where a partition's records lie.</summary>
internal static class SegmentEndpoints
{
    public static void MapSegments(this RouteGroupBuilder api) =>
        api.MapGet("/topics/{topic}/partitions/{partition}/segments", ListAsync)
            .WithSummary("Lists a partition's slices in objects that end above 'from'.").Produces<SegmentList>();

    private static async Task<IResult> ListAsync(
        string topic, int partition, long? from, int? limit, IBroker broker, HttpApiOptions options, CancellationToken ct)
    {
        TopicPartition found = broker.RequirePartition(topic, partition);
        IReadOnlyList<SegmentRow> rows = await broker.ListSegmentsAsync(
            found,
            Arguments.InRange(nameof(from), from, 0, 0, long.MaxValue),
            Arguments.InRange(nameof(limit), limit, 100, 1, options.SegmentsPageMax),
            ct);
        return Results.Json(
            new SegmentList(topic, partition, [.. rows.Select(Summarize)]), HttpJson.Default.SegmentList);
    }

    private static SegmentSummary Summarize(SegmentRow row) => new(
        row.BaseOffset, row.EndOffset, row.Epoch, row.ObjectId, row.Key, row.Position, row.Length, row.Records, row.MaxTimestamp);
}
