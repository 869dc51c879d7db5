using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>The coordinator of every group, in this process.</summary>
internal sealed class GroupCoordinator(GroupOffsets offsets) : IGroupCoordinator
{
    private const string NotYet = "This server does not serve group membership yet.";

    /// <inheritdoc/>
    public Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken ct) =>
        Task.FromResult(new JoinResult { Error = BrokerErrorCode.Overloaded, Message = NotYet });

    /// <inheritdoc/>
    public Task<SyncResult> SyncAsync(SyncRequest request, CancellationToken ct) =>
        Task.FromResult(new SyncResult { Error = BrokerErrorCode.UnknownMember, Message = NotYet });

    /// <inheritdoc/>
    public ValueTask<BrokerErrorCode> HeartbeatAsync(string group, MemberIdentity member, CancellationToken ct) => new(BrokerErrorCode.UnknownMember);

    /// <inheritdoc/>
    public ValueTask<LeaveResult> LeaveAsync(string group, IReadOnlyList<LeavingMember> members, CancellationToken ct) =>
        new(new LeaveResult(BrokerErrorCode.None, [.. members.Select(_ => BrokerErrorCode.UnknownMember)]));

    /// <inheritdoc/>
    public Task<IReadOnlyList<BrokerErrorCode>> CommitOffsetsAsync(
        string group, MemberIdentity? member, IReadOnlyList<OffsetCommit> commits, CancellationToken ct) => offsets.CommitAsync(group, commits, ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct) =>
        offsets.FetchAsync(group, partitions, ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BrokerErrorCode>> DeleteOffsetsAsync(string group, IReadOnlyList<TopicPartition> partitions, CancellationToken ct) =>
        offsets.DeleteAsync(group, partitions, ct);

    /// <inheritdoc/>
    public async Task<GroupDescription> DescribeAsync(string group, CancellationToken ct) => new()
    {
        Group = group, State = (await offsets.FetchAsync(group, null, ct)).Count > 0 ? GroupState.Empty : GroupState.Dead,
    };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GroupListing>> ListAsync(GroupFilter filter, CancellationToken ct) =>
        [.. (await offsets.ListGroupsAsync(ct)).Select(g => new GroupListing(g, GroupState.Empty, "")).Where(filter.Allows)];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteGroupsAsync(IReadOnlyList<string> groups, CancellationToken ct)
    {
        BrokerErrorCode[] outcomes = new BrokerErrorCode[groups.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = await offsets.DeleteGroupAsync(groups[i], ct) ? BrokerErrorCode.None : BrokerErrorCode.GroupNotFound;
        }
        return outcomes;
    }
}
