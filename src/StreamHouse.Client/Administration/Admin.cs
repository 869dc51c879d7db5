using System.Runtime.CompilerServices;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Administration;

/// <summary>
/// Topics, offsets, segments, status. Retriable failures are tried again until <see cref="StreamHouseClientOptions.CallTimeout"/>; what remains is a
/// <see cref="StreamHouseException"/>.
/// </summary>
public sealed class Admin
{
    private readonly RetryingCaller _caller;

    internal Admin(RetryingCaller caller) => _caller = caller;

    /// <summary>Creates a topic; it can be used when the task ends.</summary>
    /// <exception cref="StreamHouseException"><see cref="StreamHouseErrorCode.TopicAlreadyExists"/> and others.</exception>
    public async Task<TopicInfo> CreateTopicAsync(NewTopic topic, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        CreateTopicRequest request = new()
        {
            Name = topic.Name,
            Partitions = topic.Partitions ?? 0,
            Durability = Conversions.ToDurability(topic.Durability),
            ValidateOnly = topic.ValidateOnly,
        };
        Conversions.Copy(topic.Config, request.Configs);
        return Conversions.ToTopic((await _caller.CallAsync(AdminRpc.CreateTopic, request, isRepeatable: false, ct)).Topic);
    }

    /// <summary>Describes a topic and its partitions.</summary>
    /// <exception cref="StreamHouseException"><see cref="StreamHouseErrorCode.UnknownTopic"/> and others.</exception>
    public async Task<TopicDetails> GetTopicAsync(string topic, CancellationToken ct = default) =>
        Conversions.ToDetails(await _caller.CallAsync(AdminRpc.GetTopic, new GetTopicRequest { Topic = topic }, isRepeatable: true, ct));

    /// <summary>Lists topics in order of their names, asking for more pages as they are needed.</summary>
    /// <param name="prefix">Only names that begin so; null for all.</param>
    /// <param name="ct">Ends the enumeration.</param>
    public async IAsyncEnumerable<TopicInfo> ListTopicsAsync(string? prefix = null, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ListTopicsRequest request = new() { Prefix = prefix ?? "" };
        do
        {
            ListTopicsResponse page = await _caller.CallAsync(AdminRpc.ListTopics, request, isRepeatable: true, ct);
            foreach (Topic topic in page.Topics)
            {
                yield return Conversions.ToTopic(topic);
            }
            request = new ListTopicsRequest { Prefix = request.Prefix, PageToken = page.NextPageToken };
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>Changes a topic's settings or adds partitions.</summary>
    public async Task<TopicInfo> AlterTopicAsync(string topic, TopicChanges changes, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(changes);
        AlterTopicRequest request = new() { Topic = topic, Partitions = changes.Partitions ?? 0 };
        Conversions.Copy(changes.SetConfig, request.SetConfigs);
        request.ResetConfigs.Add(changes.ResetConfig);
        return Conversions.ToTopic((await _caller.CallAsync(AdminRpc.AlterTopic, request, isRepeatable: true, ct)).Topic);
    }

    /// <summary>Deletes a topic and its records.</summary>
    public Task DeleteTopicAsync(string topic, CancellationToken ct = default) =>
        _caller.CallAsync(AdminRpc.DeleteTopic, new DeleteTopicRequest { Topic = topic }, isRepeatable: false, ct);

    /// <summary>Finds offsets of a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="offset">Which.</param>
    /// <param name="partitions">In which partitions; null for all.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="StreamHouseException">It failed, if only for one of the partitions.</exception>
    public async Task<IReadOnlyList<OffsetInfo>> ListOffsetsAsync(
        string topic, OffsetSpec offset, IReadOnlyCollection<int>? partitions = null, CancellationToken ct = default)
    {
        ListOffsetsRequest request = new()
        {
            Topic = topic, Kind = offset.Kind, TimestampMs = offset.TimestampMs, Consistency = Conversions.ToConsistency(offset.Consistency),
        };
        request.Partitions.Add(partitions ?? []);
        ListOffsetsResponse answer = await _caller.CallAsync(AdminRpc.ListOffsets, request, ErrorIn, isRepeatable: true, ct);
        if (answer.Consistency < request.Consistency)
        {
            throw new StreamHouseException(
                StreamHouseErrorCode.InvalidRequest, "The server is too old for linearizable answers: it ignores what it was asked for.");
        }
        List<OffsetInfo> found = new(answer.Offsets.Count);
        foreach (PartitionOffset partition in answer.Offsets)
        {
            found.Add(new OffsetInfo(partition.Partition, partition.Offset, partition.TimestampMs, partition.LeaderEpoch));
        }
        return found;
    }

    /// <summary>Stores offsets of a consumer group without members; durable when the task ends.</summary>
    /// <exception cref="StreamHouseException"><see cref="StreamHouseErrorCode.GroupNotEmpty"/> while it has members, and others.</exception>
    public Task CommitGroupOffsetsAsync(string group, IEnumerable<GroupOffset> offsets, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        CommitGroupOffsetsRequest request = new() { Group = group };
        foreach (GroupOffset offset in offsets)
        {
            request.Offsets.Add(Conversions.ToMessage(offset));
        }
        return _caller.CallAsync(AdminRpc.CommitGroupOffsets, request, isRepeatable: true, ct);
    }

    /// <summary>The committed offsets of a consumer group; partitions without one are left out.</summary>
    /// <param name="group">The group.</param>
    /// <param name="topic">Only of this topic; null for all.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<GroupOffset>> FetchGroupOffsetsAsync(string group, string? topic = null, CancellationToken ct = default)
    {
        FetchGroupOffsetsRequest request = new() { Group = group, Topic = topic ?? "" };
        FetchGroupOffsetsResponse answer = await _caller.CallAsync(AdminRpc.FetchGroupOffsets, request, isRepeatable: true, ct);
        List<GroupOffset> committed = new(answer.Offsets.Count);
        foreach (StreamHouse.Rpc.V1.GroupOffset offset in answer.Offsets)
        {
            if (offset.Offset >= 0)
            {
                committed.Add(Conversions.FromMessage(offset));
            }
        }
        return committed;
    }

    /// <summary>The consumer groups with committed offsets.</summary>
    public async Task<IReadOnlyList<string>> ListGroupsAsync(CancellationToken ct = default) =>
        [.. (await _caller.CallAsync(AdminRpc.ListGroups, new ListGroupsRequest(), isRepeatable: true, ct)).Groups];

    /// <summary>Consumer groups that have members or committed offsets, in order of their names.</summary>
    public async Task<IReadOnlyList<ConsumerGroupInfo>> ListConsumerGroupsAsync(CancellationToken ct = default)
    {
        ListConsumerGroupsResponse answer = await _caller.CallAsync(GroupRpc.List, new ListConsumerGroupsRequest(), isRepeatable: true, ct);
        return [.. answer.Groups.Select(GroupConversions.ToInfo)];
    }

    /// <summary>Describes a consumer group and its members.</summary>
    /// <exception cref="StreamHouseException"><see cref="StreamHouseErrorCode.GroupNotFound"/> and others.</exception>
    public async Task<ConsumerGroupDetails> DescribeGroupAsync(string group, CancellationToken ct = default) =>
        GroupConversions.ToDetails(await _caller.CallAsync(GroupRpc.Describe, new DescribeGroupRequest { Group = group }, isRepeatable: true, ct));

    /// <summary>Deletes a consumer group and its committed offsets.</summary>
    /// <exception cref="StreamHouseException">
    /// <see cref="StreamHouseErrorCode.GroupNotFound"/>, <see cref="StreamHouseErrorCode.GroupNotEmpty"/> while it has members, and others.
    /// </exception>
    public Task DeleteGroupAsync(string group, CancellationToken ct = default) =>
        _caller.CallAsync(GroupRpc.Delete, new DeleteGroupRequest { Group = group }, isRepeatable: false, ct);

    /// <summary>Lists the slices of objects that hold a topic, by partition and offset.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">Only of this partition; null for all.</param>
    /// <param name="fromOffset">Only those that end above this offset.</param>
    /// <param name="ct">Ends the enumeration.</param>
    public async IAsyncEnumerable<SegmentInfo> ListSegmentsAsync(
        string topic, int? partition = null, long fromOffset = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        string token = "";
        do
        {
            ListSegmentsRequest request = new() { Topic = topic, FromOffset = fromOffset, PageToken = token };
            if (partition is { } only)
            {
                request.Partition = only;
            }
            ListSegmentsResponse page = await _caller.CallAsync(AdminRpc.ListSegments, request, isRepeatable: true, ct);
            foreach (Segment segment in page.Segments)
            {
                yield return Conversions.ToSegment(segment);
            }
            token = page.NextPageToken;
        }
        while (token.Length > 0);
    }

    /// <summary>Describes the server.</summary>
    public async Task<ServerStatus> GetStatusAsync(CancellationToken ct = default) =>
        Conversions.ToStatus(await _caller.CallAsync(AdminRpc.GetStatus, new GetStatusRequest(), isRepeatable: true, ct));

    private static StreamHouseException? ErrorIn(ListOffsetsResponse answer)
    {
        foreach (PartitionOffset partition in answer.Offsets)
        {
            if (partition.Error is { } error)
            {
                return ErrorMapping.ToException(error);
            }
        }
        return null;
    }
}
