using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;
using StreamHouse.Client;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Hosting;
using StreamHouse.Tests.Groups;
using BrokerMember = StreamHouse.Broker.Groups.MemberIdentity;

namespace StreamHouse.Tests.Client;

/// <summary>The real coordinator behind a <see cref="FakeCluster"/>. It can be restarted: members are forgotten, generations and offsets are not.</summary>
internal sealed class FakeGroups(FakeCluster cluster, TimeProvider clock)
{
    private readonly MemoryGroupStore _store = new();
    private readonly Dictionary<string, TopicDescription> _topics = [];
    private GroupCoordinator? _coordinator;

    public GroupCoordinator Coordinator => _coordinator ??= new GroupCoordinator(
        _store, id => _topics.Values.FirstOrDefault(topic => topic.Id == id), new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero }, clock,
        new SystemRandomSource(), new BrokerMetrics(), NullLogger<GroupCoordinator>.Instance);

    public int Heartbeats { get; private set; }

    public GroupDescription Describe(string group) => Coordinator.DescribeAsync(group, default).GetAwaiter().GetResult();

    public void Restart()
    {
        ValueTask stopped = Coordinator.DisposeAsync();
        stopped.IsCompletedSuccessfully.ShouldBeTrue();
        _coordinator = null;
    }

    public Task<object>? TryAnswer(object request, CancellationToken ct) => request switch
    {
        JoinGroupRequest join => JoinAsync(join, ct),
        SyncGroupRequest sync => SyncAsync(sync, ct),
        GroupHeartbeatRequest heartbeat => HeartbeatAsync(heartbeat, ct),
        LeaveGroupRequest leave => LeaveAsync(leave, ct),
        CommitOffsetsRequest commit => CommitAsync(commit, ct),
        _ => null,
    };

    private async Task<object> JoinAsync(JoinGroupRequest request, CancellationToken ct)
    {
        JoinResult joined = await Coordinator.JoinAsync(
            new JoinRequest
            {
                Group = request.Group,
                MemberId = request.MemberId,
                InstanceId = request.HasInstanceId ? request.InstanceId : null,
                RequireMemberId = true,
                CanSkipAssignment = true,
                ClientId = request.ClientId,
                SessionTimeout = TimeSpan.FromMilliseconds(request.SessionTimeoutMs),
                RebalanceTimeout = TimeSpan.FromMilliseconds(request.RebalanceTimeoutMs),
                ProtocolType = request.ProtocolType,
                Protocols = [.. request.Protocols.Select(p => new Broker.Groups.GroupProtocol(p.Name, p.Metadata.Memory))],
            },
            ct);
        if (joined.Error == BrokerErrorCode.MemberIdRequired)
        {
            return new JoinGroupResponse { MemberIdRequired = true, MemberId = joined.MemberId };
        }
        ThrowIfFailed(joined.Error);
        JoinGroupResponse response = new()
        {
            MemberId = joined.MemberId,
            Generation = joined.Generation,
            ProtocolType = joined.ProtocolType,
            Protocol = joined.Protocol,
            LeaderId = joined.LeaderId,
            SkipAssignment = joined.SkipAssignment,
        };
        foreach (Broker.Groups.JoinedMember member in joined.Members)
        {
            StreamHouse.Rpc.V1.JoinedMember told = new() { MemberId = member.MemberId, Metadata = ByteString.CopyFrom(member.Metadata.Span) };
            if (member.InstanceId is { } instance)
            {
                told.InstanceId = instance;
            }
            response.Members.Add(told);
        }
        return response;
    }

    private async Task<object> SyncAsync(SyncGroupRequest request, CancellationToken ct)
    {
        SyncResult synced = await Coordinator.SyncAsync(
            new SyncRequest
            {
                Group = request.Group,
                Member = Identity(request.Member),
                Assignments = [.. request.Assignments.Select(a => new Broker.Groups.MemberAssignment(a.MemberId, a.Assignment.Memory))],
            },
            ct);
        ThrowIfFailed(synced.Error);
        return new SyncGroupResponse { Protocol = synced.Protocol, Assignment = ByteString.CopyFrom(synced.Assignment.Span) };
    }

    private async Task<object> HeartbeatAsync(GroupHeartbeatRequest request, CancellationToken ct)
    {
        Heartbeats++;
        BrokerErrorCode error = await Coordinator.HeartbeatAsync(request.Group, Identity(request.Member), ct);
        if (error == BrokerErrorCode.RebalanceInProgress)
        {
            return new GroupHeartbeatResponse { RebalanceInProgress = true };
        }
        ThrowIfFailed(error);
        return new GroupHeartbeatResponse();
    }

    private async Task<object> LeaveAsync(LeaveGroupRequest request, CancellationToken ct)
    {
        await Coordinator.LeaveAsync(
            request.Group, [.. request.Members.Select(m => new Broker.Groups.LeavingMember(m.MemberId, m.HasInstanceId ? m.InstanceId : null))], ct);
        return new LeaveGroupResponse();
    }

    private async Task<object> CommitAsync(CommitOffsetsRequest request, CancellationToken ct)
    {
        IReadOnlyList<BrokerErrorCode> outcomes = await Coordinator.CommitOffsetsAsync(
            request.Group,
            Identity(request.Member),
            [.. request.Offsets.Select(o => new OffsetCommit(new TopicPartition(Topic(o.Topic).Id, o.Partition), o.Offset))],
            ct);
        foreach (BrokerErrorCode outcome in outcomes)
        {
            ThrowIfFailed(outcome);
        }
        foreach (GroupOffset offset in request.Offsets)
        {
            cluster.Committed[(request.Group, offset.Topic, offset.Partition)] = offset.Offset;
        }
        return new CommitOffsetsResponse();
    }

    private TopicDescription Topic(string name)
    {
        if (!_topics.TryGetValue(name, out TopicDescription? topic))
        {
            topic = new TopicDescription(
                new TopicId(Guid.NewGuid()), name, 100, Durability.Local, TopicConfig.Parse([]), clock.GetUtcNow());
            _topics.Add(name, topic);
        }
        return topic;
    }

    private static BrokerMember Identity(GroupMemberIdentity member) => new(member.MemberId, member.Generation, member.HasInstanceId ? member.InstanceId : null);

    private static void ThrowIfFailed(BrokerErrorCode error)
    {
        if (error != BrokerErrorCode.None)
        {
            throw new StreamHouseException((StreamHouseErrorCode)(int)error, $"The coordinator answered {error}.", error.IsRetriable());
        }
    }
}
