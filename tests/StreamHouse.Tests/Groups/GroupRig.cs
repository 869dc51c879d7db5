using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Hosting;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Groups;

/// <summary>A coordinator by a clock that stands still, over a store in memory.</summary>
internal sealed class GroupRig : IAsyncDisposable
{
    public const string Group = "g";
    public static readonly TimeSpan Session = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan RebalanceTimeout = TimeSpan.FromSeconds(60);

    private readonly Dictionary<TopicId, TopicDescription> _topics = [];

    public GroupRig(GroupOptions? options = null, MemoryGroupStore? store = null, ILogger<GroupCoordinator>? logger = null)
    {
        Store = store ?? new MemoryGroupStore();
        Coordinator = new GroupCoordinator(
            Store, id => _topics.GetValueOrDefault(id), options ?? new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero }, Clock, new SystemRandomSource(),
            Metrics, logger ?? NullLogger<GroupCoordinator>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    public BrokerMetrics Metrics { get; } = new();

    public MemoryGroupStore Store { get; }

    public GroupCoordinator Coordinator { get; }

    public TopicDescription AddTopic(string name, int partitions = 4)
    {
        TopicDescription topic = new(new TopicId(Guid.NewGuid()), name, partitions, Durability.Local, TopicConfig.Parse([]), Clock.GetUtcNow());
        _topics.Add(topic.Id, topic);
        return topic;
    }

    public void RemoveTopic(TopicDescription topic) => _topics.Remove(topic.Id);

    public async ValueTask DisposeAsync()
    {
        await Coordinator.DisposeAsync();
        Metrics.Dispose();
    }

    /// <summary>The group as it is now.</summary>
    public GroupDescription Describe() => Coordinator.DescribeAsync(Group, default).GetAwaiter().GetResult();

    public static JoinRequest Request(string memberId = "", string? instance = null, string protocols = "range", string metadata = "m") => new()
    {
        Group = Group,
        MemberId = memberId,
        InstanceId = instance,
        ClientId = "client",
        ClientHost = "/host",
        SessionTimeout = Session,
        RebalanceTimeout = RebalanceTimeout,
        ProtocolType = "consumer",
        Protocols = [.. protocols.Split(',').Select(p => new GroupProtocol(p, Bytes(metadata)))],
        CanSkipAssignment = true,
    };

    public Task<JoinResult> JoinAsync(string memberId = "", string? instance = null, string protocols = "range", string metadata = "m", CancellationToken ct = default) =>
        Coordinator.JoinAsync(Request(memberId, instance, protocols, metadata), ct);

    /// <summary>Asks for an assignment; a leader gives every member its own id as assignment.</summary>
    public Task<SyncResult> SyncAsync(JoinResult joined, string? instance = null, CancellationToken ct = default) => Coordinator.SyncAsync(
        new SyncRequest
        {
            Group = Group,
            Member = Identity(joined, instance),
            Assignments = [.. joined.Members.Select(m => new MemberAssignment(m.MemberId, Bytes($"{joined.Generation}:{m.MemberId}")))],
        },
        ct);

    public BrokerErrorCode Heartbeat(JoinResult joined, string? instance = null) =>
        Coordinator.HeartbeatAsync(Group, Identity(joined, instance), default).AsTask().GetAwaiter().GetResult();

    public BrokerErrorCode Leave(string memberId, string? instance = null) =>
        Coordinator.LeaveAsync(Group, [new LeavingMember(memberId, instance)], default).AsTask().GetAwaiter().GetResult().Members.ShouldHaveSingleItem();

    public async Task<BrokerErrorCode> CommitAsync(MemberIdentity? member, TopicDescription topic, long offset = 1) =>
        (await Coordinator.CommitOffsetsAsync(Group, member, [new OffsetCommit(new TopicPartition(topic.Id, 0), offset)], default)).ShouldHaveSingleItem();

    public static MemberIdentity Identity(JoinResult joined, string? instance = null) => new(joined.MemberId, joined.Generation, instance);

    /// <summary>Members that join together; each has its result when all have. The first is the leader.</summary>
    public async Task<JoinResult[]> JoinTogetherAsync(int count)
    {
        List<JoinResult> members = [await JoinAsync().Soon()];
        for (int i = 1; i < count; i++)
        {
            Task<JoinResult> added = JoinAsync();
            JoinResult[] before = [.. members];
            Task<JoinResult>[] again = [.. before.Select(m => JoinAsync(m.MemberId))];
            members = [.. await Task.WhenAll([.. again, added]).Soon()];
        }
        return [.. members];
    }

    /// <summary>Members of a stable group.</summary>
    public async Task<JoinResult[]> StableAsync(int count)
    {
        JoinResult[] members = await JoinTogetherAsync(count);
        await Task.WhenAll(members.Select(m => SyncAsync(m))).Soon();
        Describe().State.ShouldBe(GroupState.Stable);
        return members;
    }

    /// <summary>What a consumer of topics sends as metadata.</summary>
    public static byte[] Subscription(params string[] topics)
    {
        List<byte> bytes = [0, 1, 0, 0, 0, (byte)topics.Length];
        foreach (string topic in topics)
        {
            bytes.AddRange([0, (byte)topic.Length, .. Bytes(topic)]);
        }
        return [.. bytes];
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

internal static class GroupRigExtensions
{
    /// <summary>Waits as long as a test may: an answer that never comes fails it.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(10));
}
