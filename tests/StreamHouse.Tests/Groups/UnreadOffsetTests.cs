using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Groups;

/// <summary>Offsets of topics that members of a group no longer subscribe to.</summary>
public sealed class UnreadOffsetTests : IAsyncDisposable
{
    private readonly GroupRig _rig = new(new GroupOptions
    {
        InitialRebalanceDelay = TimeSpan.Zero, OffsetsRetention = TimeSpan.FromDays(7), SessionTimeoutMax = TimeSpan.FromDays(365),
    });
    private readonly TopicDescription _read;
    private readonly TopicDescription _unread;

    public UnreadOffsetTests()
    {
        _read = _rig.AddTopic("read");
        _unread = _rig.AddTopic("unread");
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Offsets_of_topics_nobody_subscribes_to_any_more_expire_a_retention_after_their_commit()
    {
        await CommitBothAsync();
        await StableAsync("read");

        await PassAsync(TimeSpan.FromDays(6.8));
        await PassAsync(TimeSpan.FromDays(0.1));
        (await TopicsAsync()).ShouldBe(["read", "unread"]);
        await PassAsync(TimeSpan.FromDays(0.2));
        await PassAsync(TimeSpan.FromDays(0.1));

        (await TopicsAsync()).ShouldBe(["read"]);
    }

    [Fact]
    public async Task One_search_that_finds_no_subscriber_takes_nothing()
    {
        await CommitBothAsync();
        JoinResult lone = await StableAsync("read");
        await PassAsync(TimeSpan.FromDays(8));
        (await TopicsAsync()).ShouldBe(["read", "unread"]);

        // The reader of the other topic is back before the next search, and away again at the one after it.
        JoinResult back = await StableAsync("read", lone.MemberId, "unread");
        await PassAsync(TimeSpan.FromMinutes(10));
        _rig.Leave(back.MemberId);
        await StableAsync("read", lone.MemberId);
        await PassAsync(TimeSpan.FromMinutes(10));
        (await TopicsAsync()).ShouldBe(["read", "unread"]);

        await PassAsync(TimeSpan.FromMinutes(10));
        (await TopicsAsync()).ShouldBe(["read"]);
    }

    [Fact]
    public async Task Nothing_expires_while_the_group_is_between_two_generations()
    {
        await CommitBothAsync();
        await _rig.Coordinator.JoinAsync(Request("read"), default).Soon();
        _rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
        await _rig.Coordinator.Expiry.RunOnceAsync(default);

        // Within the time that members have to ask for their assignment.
        await CommitOldAsync();
        await _rig.Coordinator.Expiry.RunOnceAsync(default);
        await _rig.Coordinator.Expiry.RunOnceAsync(default);

        _rig.Describe().State.ShouldBe(GroupState.CompletingRebalance);
        (await TopicsAsync()).ShouldBe(["read", "unread"]);
    }

    [Theory]
    [InlineData("consumer", true)]
    [InlineData("connect", false)]
    public async Task Nothing_expires_where_subscriptions_are_not_consumers(string protocolType, bool garbled)
    {
        await CommitBothAsync();
        JoinRequest request = Request("read") with { ProtocolType = protocolType };
        await SyncAsync(await _rig.Coordinator.JoinAsync(
            garbled ? request with { Protocols = [new("range", new byte[] { 0, 1, 0 })] } : request, default).Soon());

        await PassAsync(TimeSpan.FromDays(8));
        await PassAsync(TimeSpan.FromDays(1));

        (await TopicsAsync()).ShouldBe(["read", "unread"]);
    }

    [Fact]
    public async Task What_is_committed_during_the_search_stays()
    {
        await CommitBothAsync();
        JoinResult member = await StableAsync("read");
        await PassAsync(TimeSpan.FromDays(8));

        // Accepted before the deletion, and stored while the deletion waits for it.
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _rig.Store.BeforeCommit = () => gate.Task;
        Task<BrokerErrorCode> commit = _rig.CommitAsync(GroupRig.Identity(member), _unread, 7);
        Task search = _rig.Coordinator.Expiry.RunOnceAsync(default);
        await Task.Delay(20);
        search.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await search.WaitAsync(TimeSpan.FromSeconds(10));

        (await commit.Soon()).ShouldBe(BrokerErrorCode.None);
        (await TopicsAsync()).ShouldBe(["read", "unread"]);
    }

    [Fact]
    public async Task Commits_of_a_group_without_members_keep_their_place_behind_its_expiry()
    {
        await _rig.CommitAsync(null, _read);
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _rig.Store.BeforeDelete = () => gate.Task;
        _rig.Clock.Advance(TimeSpan.FromDays(8));
        Task search = _rig.Coordinator.Expiry.RunOnceAsync(default);

        Task<BrokerErrorCode> commit = _rig.CommitAsync(null, _read, 7);
        commit.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await search.WaitAsync(TimeSpan.FromSeconds(10));

        (await commit.Soon()).ShouldBe(BrokerErrorCode.None);
        (await _rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default)).ShouldHaveSingleItem().Offset.ShouldBe(7);
        _rig.Coordinator.Table.Count.ShouldBe(0);
    }

    private async Task CommitBothAsync()
    {
        await _rig.CommitAsync(null, _read);
        await _rig.CommitAsync(null, _unread);
    }

    // As another process of long ago would have left them.
    private async Task CommitOldAsync()
    {
        DateTimeOffset then = _rig.Clock.GetUtcNow() - TimeSpan.FromDays(8);
        await _rig.Store.CommitOffsetsAsync(
            GroupRig.Group, [.. new[] { _read, _unread }.Select(t => new GroupOffset(new(t.Id, 0), 1, -1, null, then))], default);
    }

    private static JoinRequest Request(string topic, string memberId = "") => GroupRig.Request(memberId) with
    {
        SessionTimeout = TimeSpan.FromDays(300), Protocols = [new("range", GroupRig.Subscription(topic))],
    };

    private async Task<JoinResult> StableAsync(string topic, string memberId = "", string? newcomer = null)
    {
        Task<JoinResult>? joining = newcomer is null ? null : _rig.Coordinator.JoinAsync(Request(newcomer), default);
        JoinResult first = await _rig.Coordinator.JoinAsync(Request(topic, memberId), default).Soon();
        JoinResult? second = joining is null ? null : await joining.Soon();
        await SyncAsync(first);
        if (second is not null)
        {
            await SyncAsync(second);
        }
        _rig.Describe().State.ShouldBe(GroupState.Stable);
        return second ?? first;
    }

    private async Task SyncAsync(JoinResult member) => (await _rig.SyncAsync(member).Soon()).Error.ShouldBe(BrokerErrorCode.None);

    private async Task PassAsync(TimeSpan time)
    {
        _rig.Clock.Advance(time);
        await _rig.Coordinator.Expiry.RunOnceAsync(default);
    }

    private async Task<string[]> TopicsAsync() =>
        [.. (await _rig.Coordinator.FetchOffsetsAsync(GroupRig.Group, null, default).Soon()).Select(o => o.Partition.Topic == _read.Id ? "read" : "unread").Order()];
}
