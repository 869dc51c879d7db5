using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Groups;

/// <summary>Committed offsets of consumer groups.</summary>
internal static class GroupOffsetEndpoints
{
    public static void MapGroupOffsets(this RouteGroupBuilder api)
    {
        api.MapGet("/groups/{group}/offsets", FetchAsync).WithSummary("A group's committed offsets, of all topics or of one.").Produces<GroupOffsets>();
        api.MapPut("/groups/{group}/offsets", CommitAsync).WithSummary("Commits offsets; they are durable when the answer comes.")
            .Accepts<CommitOffsets>("application/json").Produces<GroupOffsets>();
        api.MapDelete("/groups/{group}/offsets", DeleteAsync).WithSummary("Removes committed offsets: all, or those of a topic or partition.")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> FetchAsync(string group, string? topic, IBroker broker, CancellationToken ct)
    {
        TopicId? only = topic is null ? null : broker.RequireTopic(topic).Id;
        return Results.Json(await DescribeAsync(group, only, broker, ct), HttpJson.Default.GroupOffsets);
    }

    private static async Task<IResult> CommitAsync(string group, HttpContext context, IBroker broker)
    {
        CommitOffsets body = await JsonBody.ReadAsync(context, HttpJson.Default.CommitOffsets);
        var offsets = new List<OffsetCommit>(body.Offsets.Count);
        foreach (OffsetToCommit offset in body.Offsets)
        {
            int index = offsets.Count;
            if (offset.Offset < 0)
            {
                throw Arguments.Invalid($"'offsets[{index}].offset' is {offset.Offset}; it must not be negative.");
            }
            if (offset.LeaderEpoch < -1)
            {
                throw Arguments.Invalid($"'offsets[{index}].leaderEpoch' is {offset.LeaderEpoch}; it must be -1 or more.");
            }
            TopicPartition partition = broker.RequirePartition(offset.Topic, offset.Partition);
            offsets.Add(new OffsetCommit(partition, offset.Offset, offset.LeaderEpoch, offset.Metadata));
        }
        IReadOnlyList<BrokerErrorCode> codes = await broker.Groups.CommitOffsetsAsync(group, member: null, offsets, context.RequestAborted);
        for (int i = 0; i < codes.Count; i++)
        {
            if (codes[i] != BrokerErrorCode.None)
            {
                throw codes[i] is BrokerErrorCode.UnknownMember
                    ? new BrokerException(BrokerErrorCode.GroupNotEmpty, $"Group '{group}' has members; only they may commit. Stop them first.")
                    : new BrokerException(codes[i], $"'offsets[{i}]' was not stored; those of other partitions may have been. {GroupErrors.MessageOf(codes[i])}");
            }
        }
        return Results.Json(await DescribeAsync(group, null, broker, context.RequestAborted), HttpJson.Default.GroupOffsets);
    }

    private static async Task<IResult> DeleteAsync(string group, string? topic, int? partition, IBroker broker, CancellationToken ct)
    {
        IReadOnlyList<TopicPartition> partitions = Named(topic, partition, broker)
            ?? [.. (await broker.Groups.FetchOffsetsAsync(group, null, ct)).Select(o => o.Partition)];
        foreach (BrokerErrorCode code in await broker.Groups.DeleteOffsetsAsync(group, partitions, ct))
        {
            if (code is not (BrokerErrorCode.None or BrokerErrorCode.GroupNotFound))
            {
                throw new BrokerException(code, $"Offsets of group '{group}' are in use and were not removed.");
            }
        }
        return Results.NoContent();
    }

    private static List<TopicPartition>? Named(string? topic, int? partition, IBroker broker)
    {
        if (topic is null)
        {
            return partition is null ? null : throw Arguments.Invalid("'partition' needs 'topic'.");
        }
        TopicDescription found = broker.RequireTopic(topic);
        return partition is { } one
            ? [found.RequirePartition(one)]
            : [.. Enumerable.Range(0, found.Partitions).Select(p => new TopicPartition(found.Id, p))];
    }

    private static async Task<GroupOffsets> DescribeAsync(string group, TopicId? only, IBroker broker, CancellationToken ct)
    {
        var described = new List<CommittedOffset>();
        foreach (GroupOffset offset in await broker.Groups.FetchOffsetsAsync(group, null, ct))
        {
            // A topic deleted since is left out: its offsets are about to go too.
            if ((only is null || offset.Partition.Topic == only) && broker.FindTopic(offset.Partition.Topic) is { } topic)
            {
                described.Add(new CommittedOffset(
                    topic.Name, offset.Partition.Partition, offset.Offset, offset.LeaderEpoch, offset.Metadata, offset.CommittedAt));
            }
        }
        return new GroupOffsets(group, described);
    }
}
