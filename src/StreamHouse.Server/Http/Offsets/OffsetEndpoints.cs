using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Offsets;

/// <summary>An offset of one partition.</summary>
/// <param name="Partition">Which partition.</param>
/// <param name="Offset">The offset, or -1 when no record matches.</param>
/// <param name="Timestamp">The record's timestamp in ms since 1970, or -1.</param>
internal sealed record PartitionOffset(int Partition, long Offset, long Timestamp);

/// <summary>Offsets of a topic's partitions.</summary>
internal sealed record TopicOffsets(string Topic, IReadOnlyList<PartitionOffset> Offsets);

/// <summary>A partition's log start after records were deleted.</summary>
internal sealed record DeletedRecords(string Topic, int Partition, long LogStartOffset);

/// <summary>Offsets by position or time, and the deletion of what lies before one.</summary>
internal static class OffsetEndpoints
{
    public static void MapOffsets(this RouteGroupBuilder api)
    {
        api.MapGet("/topics/{topic}/offsets", FindAsync).WithSummary("Finds offsets: at=earliest|latest|max-timestamp, or the first at or after a timestamp.")
            .Produces<TopicOffsets>();
        api.MapDelete("/topics/{topic}/partitions/{partition}/records", DeleteAsync)
            .WithSummary("Deletes the records below an offset; before=-1 means all that readers see.").Produces<DeletedRecords>();
    }

    private static async Task<IResult> FindAsync(
        string topic, string? at, string? timestamp, int? partition, string? consistency, IBroker broker, CancellationToken ct)
    {
        if (at is not null && timestamp is not null)
        {
            throw Arguments.Invalid("'at' and 'timestamp' cannot be given together.");
        }
        OffsetQuery query = timestamp is null ? ParseQuery(at) : OffsetQuery.ByTimestamp;
        long timestampMs = timestamp is null ? -1 : Arguments.TimestampMs(nameof(timestamp), timestamp);
        TopicDescription found = broker.RequireTopic(topic);
        (int first, int count) = partition is { } one ? (found.RequirePartition(one).Partition, 1) : (0, found.Partitions);
        var offsets = new List<PartitionOffset>(count);
        foreach (Task<OffsetResult> answer in broker.FindOffsets(
            Enumerable.Range(first, count).Select(p => new TopicPartition(found.Id, p)), query, timestampMs,
            Arguments.Consistency(nameof(consistency), consistency), ct))
        {
            OffsetResult result = await answer;
            offsets.Add(new PartitionOffset(first + offsets.Count, result.Offset, result.TimestampMs));
        }
        return Results.Json(new TopicOffsets(found.Name, offsets), HttpJson.Default.TopicOffsets);
    }

    private static async Task<IResult> DeleteAsync(string topic, int partition, long before, IBroker broker, CancellationToken ct)
    {
        TopicPartition found = broker.RequirePartition(topic, partition);
        long logStart = await broker.DeleteRecordsAsync(found, Arguments.InRange(nameof(before), before, -1, -1, long.MaxValue), ct);
        return Results.Json(new DeletedRecords(topic, partition, logStart), HttpJson.Default.DeletedRecords);
    }

    private static OffsetQuery ParseQuery(string? at) => at switch
    {
        "earliest" => OffsetQuery.Earliest,
        "latest" or null => OffsetQuery.Latest,
        "max-timestamp" => OffsetQuery.MaxTimestamp,
        _ => throw Arguments.Invalid($"'at' is '{at}'; it must be earliest, latest or max-timestamp."),
    };
}
