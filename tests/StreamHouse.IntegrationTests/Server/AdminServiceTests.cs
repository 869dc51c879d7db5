using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>Topics, offsets, groups, segments and status of the real process, by the bare protocol.</summary>
public sealed class AdminServiceTests(SharedServer server) : IClassFixture<SharedServer>
{
    private readonly RpcChannel _channel = server.Channel;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Created_topic_is_described_with_its_settings_and_partitions()
    {
        string name = $"t-{Guid.NewGuid():n}";
        Topic created = (await CallAsync(AdminRpc.CreateTopic.Client, new CreateTopicRequest
        {
            Name = name, Partitions = 3, Durability = TopicDurability.Object, Configs = { ["retention.ms"] = "60000" },
        })).Topic;
        await _channel.ProduceAsync(name, 2, "a", "b");

        GetTopicResponse byName = await CallAsync(AdminRpc.GetTopic.Client, new GetTopicRequest { Topic = name });
        GetTopicResponse byId = await CallAsync(AdminRpc.GetTopic.Client, new GetTopicRequest { TopicId = created.Id });

        byId.Topic.ShouldBe(byName.Topic);
        byName.Topic.ShouldBe(created);
        (created.Name, created.Partitions, created.Durability, created.Id.Length).ShouldBe((name, 3, TopicDurability.Object, 16));
        created.Configs.ShouldBe(new Dictionary<string, string> { ["retention.ms"] = "60000" });
        byName.EffectiveConfigs["retention.ms"].ShouldBe("60000");
        byName.EffectiveConfigs.ShouldContainKey("max.message.bytes");
        byName.Partitions.Select(p => (p.Partition, p.HighWatermark, p.LogEndOffset, p.TieredEndOffset)).ShouldBe([(0, 0L, 0L, 0L), (1, 0L, 0L, 0L), (2, 2L, 2L, 2L)]);
        byName.Partitions.ShouldAllBe(p => p.LeaderEpoch >= 1 && p.Leader.Length > 0);
    }

    [Theory]
    [InlineData("", 1, GrpcStatusCode.InvalidArgument, ErrorCode.InvalidTopic)]
    [InlineData("no spaces", 1, GrpcStatusCode.InvalidArgument, ErrorCode.InvalidTopic)]
    [InlineData("many", 1_000_000, GrpcStatusCode.InvalidArgument, ErrorCode.InvalidPartitions)]
    [InlineData("negative", -1, GrpcStatusCode.InvalidArgument, ErrorCode.InvalidPartitions)]
    public async Task Refused_topic_is_refused_when_only_validated_too(string name, int partitions, GrpcStatusCode status, ErrorCode code)
    {
        foreach (bool validateOnly in new[] { true, false })
        {
            RpcException refused = await Should.ThrowAsync<RpcException>(() => CallAsync(
                AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = name, Partitions = partitions, ValidateOnly = validateOnly }));

            (refused.Status, refused.Detail()!.Code).ShouldBe((status, code));
        }
    }

    [Fact]
    public async Task Validated_topic_is_not_created_and_an_existing_one_is_refused()
    {
        string name = $"t-{Guid.NewGuid():n}";
        CreateTopicRequest request = new() { Name = name, Partitions = 2, ValidateOnly = true };
        await CallAsync(AdminRpc.CreateTopic.Client, request);
        (await RefusalAsync(AdminRpc.GetTopic.Client, new GetTopicRequest { Topic = name })).Detail()!.Code.ShouldBe(ErrorCode.UnknownTopic);
        await CallAsync(AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = name });

        RpcException again = await RefusalAsync(AdminRpc.CreateTopic.Client, request);

        (again.Status, again.Detail()!.Code).ShouldBe((GrpcStatusCode.AlreadyExists, ErrorCode.TopicAlreadyExists));
    }

    [Fact]
    public async Task Topics_are_listed_in_pages()
    {
        string prefix = $"p-{Guid.NewGuid():n}-";
        foreach (string end in new[] { "c", "a", "e", "b", "d" })
        {
            await CallAsync(AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = prefix + end });
        }
        List<string> names = [];
        ListTopicsRequest request = new() { Prefix = prefix, PageSize = 2 };
        do
        {
            ListTopicsResponse page = await CallAsync(AdminRpc.ListTopics.Client, request);
            page.Topics.Count.ShouldBeLessThanOrEqualTo(2);
            names.AddRange(page.Topics.Select(t => t.Name[prefix.Length..]));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        names.ShouldBe(["a", "b", "c", "d", "e"]);
        (await RefusalAsync(AdminRpc.ListTopics.Client, new ListTopicsRequest { PageSize = -1 })).Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Altered_topic_keeps_what_was_not_named()
    {
        string topic = await _channel.CreateTopicAsync();
        await CallAsync(AdminRpc.AlterTopic.Client, new AlterTopicRequest { Topic = topic, SetConfigs = { ["retention.ms"] = "1000", ["retention.bytes"] = "5000" } });

        Topic altered = (await CallAsync(
            AdminRpc.AlterTopic.Client, new AlterTopicRequest { Topic = topic, Partitions = 4, ResetConfigs = { "retention.ms" } })).Topic;
        RpcException fewer = await RefusalAsync(AdminRpc.AlterTopic.Client, new AlterTopicRequest { Topic = topic, Partitions = 2 });
        RpcException unknown = await RefusalAsync(AdminRpc.AlterTopic.Client, new AlterTopicRequest { Topic = topic, SetConfigs = { ["no.such"] = "1" } });

        altered.Partitions.ShouldBe(4);
        altered.Configs.ShouldBe(new Dictionary<string, string> { ["retention.bytes"] = "5000" });
        fewer.Detail()!.Code.ShouldBe(ErrorCode.InvalidPartitions);
        (unknown.Status, unknown.Detail()!.Code).ShouldBe((GrpcStatusCode.InvalidArgument, ErrorCode.InvalidConfig));
        (await _channel.ProduceAsync(topic, 3, "new partition")).BaseOffset.ShouldBe(0);
    }

    [Fact]
    public async Task Deleted_topic_is_unknown()
    {
        string topic = await _channel.CreateTopicAsync();
        await CallAsync(AdminRpc.DeleteTopic.Client, new DeleteTopicRequest { Topic = topic });

        RpcException produce = await Should.ThrowAsync<RpcException>(() => _channel.ProduceAsync(topic, 0, "a"));
        RpcException delete = await RefusalAsync(AdminRpc.DeleteTopic.Client, new DeleteTopicRequest { Topic = topic });

        (produce.Status, produce.Detail()!.Code).ShouldBe((GrpcStatusCode.NotFound, ErrorCode.UnknownTopic));
        (delete.Status, delete.Detail()!.Code).ShouldBe((GrpcStatusCode.NotFound, ErrorCode.UnknownTopic));
    }

    [Fact]
    public async Task Offsets_are_found_by_every_kind()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 2);
        ProduceRequest request = GrpcCalls.RequestOf(topic, 0, "a", "b", "c");
        (request.Records.Records[0].TimestampMs, request.Records.Records[1].TimestampMs, request.Records.Records[2].TimestampMs) = (1000, 3000, 2000);
        await _channel.UnaryAsync(ProducerRpc.Produce, request, default, Token);

        (await FindAsync(ListOffsetsRequest.Types.Kind.Earliest)).ShouldBe([(0, 0L, -1L), (1, 0L, -1L)], ignoreOrder: true);
        (await FindAsync(ListOffsetsRequest.Types.Kind.Latest)).ShouldBe([(0, 3L, -1L), (1, 0L, -1L)]);
        (await FindAsync(ListOffsetsRequest.Types.Kind.Timestamp, 1500)).ShouldBe([(0, 1L, 3000L), (1, -1L, -1L)]);
        (await FindAsync(ListOffsetsRequest.Types.Kind.MaxTimestamp)).ShouldBe([(0, 1L, 3000L), (1, -1L, -1L)]);

        async Task<List<(int, long, long)>> FindAsync(ListOffsetsRequest.Types.Kind kind, long timestampMs = 0) =>
            [.. (await CallAsync(AdminRpc.ListOffsets.Client, new ListOffsetsRequest { Topic = topic, Kind = kind, TimestampMs = timestampMs }))
                .Offsets.Select(o => (o.Partition, o.Offset, o.TimestampMs))];
    }

    [Fact]
    public async Task Offset_of_an_unknown_partition_is_an_error_of_its_own()
    {
        string topic = await _channel.CreateTopicAsync();
        ListOffsetsRequest request = new() { Topic = topic, Kind = ListOffsetsRequest.Types.Kind.Latest, Partitions = { 0, 7 } };

        ListOffsetsResponse response = await CallAsync(AdminRpc.ListOffsets.Client, request);

        response.Offsets[0].Error.ShouldBeNull();
        (response.Offsets[1].Offset, response.Offsets[1].Error.Code, response.Offsets[1].Error.Partition).ShouldBe((-1L, ErrorCode.UnknownPartition, 7));
        request.Kind = (ListOffsetsRequest.Types.Kind)99;
        (await RefusalAsync(AdminRpc.ListOffsets.Client, request)).Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Group_offsets_are_stored_all_or_none()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 3);
        string group = $"g-{Guid.NewGuid():n}";
        await CommitAsync((0, 5), (1, 6));

        RpcException refused = await Should.ThrowAsync<RpcException>(() => CommitAsync((0, 50), (9, 60)));
        RpcException negative = await Should.ThrowAsync<RpcException>(() => CommitAsync((0, -1)));
        FetchGroupOffsetsResponse named = await CallAsync(
            AdminRpc.FetchGroupOffsets.Client, new FetchGroupOffsetsRequest { Group = group, Topic = topic, Partitions = { 0, 2 } });
        FetchGroupOffsetsResponse all = await CallAsync(AdminRpc.FetchGroupOffsets.Client, new FetchGroupOffsetsRequest { Group = group });

        (refused.Status, refused.Detail()!.Code).ShouldBe((GrpcStatusCode.NotFound, ErrorCode.UnknownPartition));
        negative.Status.ShouldBe(GrpcStatusCode.InvalidArgument);
        named.Offsets.Select(o => (o.Partition, o.Offset)).ShouldBe([(0, 5L), (2, -1L)]);
        all.Offsets.Select(o => (o.Topic, o.Partition, o.Offset, o.Metadata)).ShouldBe([(topic, 0, 5L, "note"), (topic, 1, 6L, "note")], ignoreOrder: true);
        all.Offsets.ShouldAllBe(o => o.CommittedMs > 1_700_000_000_000);
        (await CallAsync(AdminRpc.ListGroups.Client, new ListGroupsRequest())).Groups.ShouldContain(group);
        (await RefusalAsync(AdminRpc.FetchGroupOffsets.Client, new FetchGroupOffsetsRequest())).Status.ShouldBe(GrpcStatusCode.InvalidArgument);

        Task CommitAsync(params (int Partition, long Offset)[] offsets)
        {
            CommitGroupOffsetsRequest request = new() { Group = group };
            request.Offsets.AddRange(offsets.Select(o => new GroupOffset { Topic = topic, Partition = o.Partition, Offset = o.Offset, LeaderEpoch = -1, Metadata = "note" }));
            return CallAsync(AdminRpc.CommitGroupOffsets.Client, request);
        }
    }

    [Fact]
    public async Task Segments_are_listed_in_pages_over_all_partitions()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 2, TopicDurability.Object);
        foreach (int partition in new[] { 0, 1, 0, 1, 0 })
        {
            await _channel.ProduceAsync(topic, partition, "a", "b");
        }
        List<Segment> segments = [];
        ListSegmentsRequest request = new() { Topic = topic, PageSize = 2 };
        do
        {
            ListSegmentsResponse page = await CallAsync(AdminRpc.ListSegments.Client, request);
            segments.AddRange(page.Segments);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        segments.Select(s => (s.Partition, s.BaseOffset, s.EndOffset, s.Records))
            .ShouldBe([(0, 0L, 2L, 2L), (0, 2L, 4L, 2L), (0, 4L, 6L, 2L), (1, 0L, 2L, 2L), (1, 2L, 4L, 2L)]);
        segments.ShouldAllBe(s => s.ObjectKey.EndsWith(".seg") && s.Length > 0 && s.Epoch >= 1);
        ListSegmentsResponse one = await CallAsync(AdminRpc.ListSegments.Client, new ListSegmentsRequest { Topic = topic, Partition = 0, FromOffset = 3 });
        one.Segments.Select(s => s.BaseOffset).ShouldBe([2L, 4L]);
        (await RefusalAsync(AdminRpc.ListSegments.Client, new ListSegmentsRequest { Topic = topic, PageToken = "bent" })).Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Fetch_tells_where_the_log_ends()
    {
        string topic = await _channel.CreateTopicAsync();
        await _channel.ProduceAsync(topic, 0, "a", "b");

        using var fetched = await _channel.UnaryAsync(ConsumerRpc.Fetch, new FetchRequest { Topic = topic, Offset = 1 }, default, Token);

        (fetched.HighWatermark, fetched.LogEndOffset, fetched.LogStartOffset).ShouldBe((2L, 2L, 0L));
    }

    [Fact]
    public async Task Status_tells_what_the_server_is()
    {
        await _channel.CreateTopicAsync(partitions: 5);

        GetStatusResponse status = await CallAsync(AdminRpc.GetStatus.Client, new GetStatusRequest());

        (status.Mode, status.ClusterId.Length).ShouldBe(("unified", 16));
        status.DataDir.ShouldBe(server.Process.DataFolder);
        status.ObjectStore.ShouldContain(server.Process.DataFolder);
        status.Topics.ShouldBeGreaterThanOrEqualTo(1);
        status.Partitions.ShouldBeGreaterThanOrEqualTo(5);
        status.NodeLogBytes.ShouldBeGreaterThan(0);
        status.UptimeMs.ShouldBeGreaterThan(0);
        status.Listeners.Select(l => l.Protocol).ShouldBe(["grpc", "http", "kafka-internal"]);
        status.Listeners[0].Address.ShouldBe(server.Process.Grpc.GetLeftPart(UriPartial.Authority));
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(ClientMethod<TRequest, TResponse> method, TRequest request) =>
        _channel.UnaryAsync(method, request, default, Token);

    private Task<RpcException> RefusalAsync<TRequest, TResponse>(ClientMethod<TRequest, TResponse> method, TRequest request) =>
        Should.ThrowAsync<RpcException>(() => CallAsync(method, request));
}
