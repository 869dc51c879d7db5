using Google.Protobuf;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>Consumer groups of the real process, by the bare protocol.</summary>
public sealed class GroupServiceTests(SharedServer server) : IClassFixture<SharedServer>
{
    private readonly RpcChannel _channel = server.Channel;
    private readonly string _group = $"g-{Guid.NewGuid():n}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_members_share_a_topic_and_one_takes_over_when_the_other_leaves()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 4);
        JoinGroupResponse first = await JoinAsync();
        (first.Generation, first.LeaderId, first.Protocol).ShouldBe((1, first.MemberId, "range"));
        await SyncAsync(first, (first.MemberId, Assignment(topic, 0, 1, 2, 3)));

        Task<JoinGroupResponse> joining = JoinAsync();
        while (!(await CallAsync(GroupRpc.Heartbeat.Client, new GroupHeartbeatRequest { Group = _group, Member = Identity(first) })).RebalanceInProgress)
        {
            await Task.Delay(20, Token);
        }
        first = await JoinAsync(first.MemberId);
        JoinGroupResponse second = await joining;
        (first.Generation, second.Generation, second.LeaderId).ShouldBe((2, 2, first.MemberId));
        first.Members.Select(m => m.MemberId).ShouldBe([first.MemberId, second.MemberId]);
        Task<SyncGroupResponse> waiting = SyncAsync(second);
        await SyncAsync(first, (first.MemberId, Assignment(topic, 0, 1)), (second.MemberId, Assignment(topic, 2, 3)));
        (await waiting).Assignment.ShouldBe(Assignment(topic, 2, 3));

        DescribeGroupResponse described = await CallAsync(GroupRpc.Describe.Client, new DescribeGroupRequest { Group = _group });
        (described.State, described.Generation, described.Protocol, described.ProtocolType).ShouldBe((GroupState.Stable, 2, "range", "consumer"));
        described.Members.Select(m => (m.ClientId, m.ClientHost)).ShouldBe([("test", "/127.0.0.1"), ("test", "/127.0.0.1")]);
        described.Members[1].Assigned.ShouldHaveSingleItem().Partitions.ShouldBe([2, 3]);

        LeaveGroupResponse left = await CallAsync(GroupRpc.Leave.Client, new LeaveGroupRequest
        {
            Group = _group, Members = { new LeavingMember { MemberId = second.MemberId }, new LeavingMember { MemberId = "nobody" } },
        });
        left.Members.Select(m => m.Error?.Code).ShouldBe([null, ErrorCode.UnknownMember]);
        first = await JoinAsync(first.MemberId);
        (first.Generation, first.Members.Count).ShouldBe((3, 1));
    }

    [Fact]
    public async Task Offsets_are_committed_by_members_of_the_generation_only()
    {
        string topic = await _channel.CreateTopicAsync(partitions: 2);
        JoinGroupResponse member = await JoinAsync();
        await SyncAsync(member, (member.MemberId, Assignment(topic, 0, 1)));
        CommitOffsetsRequest commit = new()
        {
            Group = _group,
            Member = Identity(member),
            Offsets =
            {
                new GroupOffset { Topic = topic, Partition = 0, Offset = 5, LeaderEpoch = 3, Metadata = "note" },
                new GroupOffset { Topic = "nowhere", Partition = 0, Offset = 5, LeaderEpoch = -1 },
                new GroupOffset { Topic = topic, Partition = 9, Offset = 5, LeaderEpoch = -1 },
            },
        };

        CommitOffsetsResponse outcome = await CallAsync(GroupRpc.Commit.Client, commit);
        outcome.Errors.Select(e => (e.Code, e.Topic, e.Partition)).ShouldBe([(ErrorCode.UnknownTopic, "nowhere", 0), (ErrorCode.UnknownPartition, topic, 9)]);

        commit.Member = Identity(member, generation: 7);
        (await RefusalAsync(GroupRpc.Commit.Client, commit)).ShouldBe(ErrorCode.IllegalGeneration);
        commit.Member = null;
        (await RefusalAsync(GroupRpc.Commit.Client, commit)).ShouldBe(ErrorCode.GroupNotEmpty);
        (await RefusalAsync(GroupRpc.Delete.Client, new DeleteGroupRequest { Group = _group })).ShouldBe(ErrorCode.GroupNotEmpty);

        FetchOffsetsResponse fetched = await CallAsync(
            GroupRpc.Fetch.Client, new FetchOffsetsRequest { Group = _group, Topics = { new TopicPartitions { Topic = topic } } });
        fetched.Offsets.Select(o => (o.Partition, o.Offset, o.LeaderEpoch, o.Metadata)).ShouldBe([(0, 5L, 3L, "note"), (1, -1L, -1L, "")]);

        await CallAsync(GroupRpc.Leave.Client, new LeaveGroupRequest { Group = _group, Members = { new LeavingMember { MemberId = member.MemberId } } });
        (await CallAsync(GroupRpc.List.Client, new ListConsumerGroupsRequest { States = { GroupState.Empty }, ProtocolTypes = { "consumer" } })).Groups
            .ShouldContain(g => g.Group_ == _group && g.State == GroupState.Empty);
        await CallAsync(GroupRpc.Delete.Client, new DeleteGroupRequest { Group = _group });
        (await RefusalAsync(GroupRpc.Describe.Client, new DescribeGroupRequest { Group = _group })).ShouldBe(ErrorCode.GroupNotFound);
    }

    private async Task<JoinGroupResponse> JoinAsync(string memberId = "")
    {
        JoinGroupRequest request = new()
        {
            Group = _group,
            MemberId = memberId,
            ClientId = "test",
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 20_000,
            ProtocolType = "consumer",
            Protocols = { new GroupProtocol { Name = "range", Metadata = ByteString.CopyFrom(0, 0, 0, 0, 0, 0) } },
        };
        JoinGroupResponse joined = await CallAsync(GroupRpc.Join.Client, request);
        if (joined.MemberIdRequired)
        {
            request.MemberId = joined.MemberId;
            joined = await CallAsync(GroupRpc.Join.Client, request);
        }
        return joined;
    }

    private Task<SyncGroupResponse> SyncAsync(JoinGroupResponse member, params (string MemberId, ByteString Assignment)[] assignments)
    {
        SyncGroupRequest request = new() { Group = _group, Member = Identity(member) };
        request.Assignments.AddRange(assignments.Select(a => new MemberAssignment { MemberId = a.MemberId, Assignment = a.Assignment }));
        return CallAsync(GroupRpc.Sync.Client, request);
    }

    private static GroupMemberIdentity Identity(JoinGroupResponse member, int? generation = null) =>
        new() { MemberId = member.MemberId, Generation = generation ?? member.Generation };

    /// <summary>An assignment as Kafka's consumer protocol writes it: version 0, one topic, no user data.</summary>
    private static ByteString Assignment(string topic, params int[] partitions)
    {
        List<byte> bytes = [0, 0, 0, 0, 0, 1, 0, (byte)topic.Length, .. System.Text.Encoding.UTF8.GetBytes(topic), 0, 0, 0, (byte)partitions.Length];
        foreach (int partition in partitions)
        {
            bytes.AddRange([0, 0, 0, (byte)partition]);
        }
        bytes.AddRange([255, 255, 255, 255]);
        return ByteString.CopyFrom([.. bytes]);
    }

    private async Task<ErrorCode> RefusalAsync<TRequest, TResponse>(ClientMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        (await Should.ThrowAsync<RpcException>(() => CallAsync(method, request))).Detail()!.Code;

    private Task<TResponse> CallAsync<TRequest, TResponse>(ClientMethod<TRequest, TResponse> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => _channel.UnaryAsync(method, request, default, Token);
}
