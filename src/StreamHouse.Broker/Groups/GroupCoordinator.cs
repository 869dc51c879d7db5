using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>The coordinator of every group, in this process.</summary>
internal sealed class GroupCoordinator : IGroupCoordinator, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IGroupStore _store;
    private readonly GroupOptions _options;
    private readonly GroupWrites _writes = new();
    private readonly GroupOffsets _offsets;
    private readonly BrokerMetrics _metrics;
    private readonly ILogger _logger;
    private Task _expiring = Task.CompletedTask;

    public GroupCoordinator(
        IGroupStore store, Func<TopicId, TopicDescription?> findTopic, GroupOptions options, TimeProvider clock, IRandomSource random,
        BrokerMetrics metrics, ILogger<GroupCoordinator> logger)
    {
        _store = store;
        _options = options;
        _logger = logger;
        Table = new GroupTable(store, options, clock, random, metrics, logger);
        _offsets = new GroupOffsets(store, findTopic, options, clock, _writes);
        _metrics = metrics;
        metrics.ObserveGroups(Table.CountIn);
        metrics.Observe(BrokerGauge.GroupMembers, () => Table.MemberCount);
        Expiry = new OffsetExpiry(store, Table, _writes, findTopic, options, clock, random, logger);
    }

    /// <summary>The groups with members.</summary>
    public GroupTable Table { get; }

    /// <summary>The search for expired offsets.</summary>
    public OffsetExpiry Expiry { get; }

    /// <summary>Begins to look for expired offsets.</summary>
    public void Start() => _expiring = Expiry.RunAsync(_stop.Token);

    /// <summary>Answers everybody who waits; members join again at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        Table.Dispose();
        await _expiring;
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public async Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken ct)
    {
        try
        {
            ThrowIfInvalid(request);
            GroupProtocol[] protocols = [.. request.Protocols.Select(p => new GroupProtocol(p.Name, p.Metadata.ToArray()))];
            ConsumerGroup? group = request.MemberId.Length > 0 ? Table.Acquire(request.Group) : Table.AcquireOrAdd(request.Group);
            if (group is null)
            {
                return Refused(request, BrokerErrorCode.UnknownMember, $"The group has no member '{request.MemberId}'; join without a member id.");
            }
            try
            {
                await Table.LoadAsync(group);

                // Held until the answer: a caller that goes away may take the group's only member with it, and then the group goes too.
                return await group.JoinAsync(request, protocols, ct);
            }
            finally
            {
                Table.Release(group);
            }
        }
        catch (BrokerException e)
        {
            return Refused(request, e.Code, e.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<SyncResult> SyncAsync(SyncRequest request, CancellationToken ct)
    {
        if (Table.Acquire(request.Group) is not { } group)
        {
            return new SyncResult { Error = BrokerErrorCode.UnknownMember, Message = "The group has no members; join without a member id." };
        }
        try
        {
            SyncStep step = group.Sync(request, ct);
            if (step.ToStore is { } generation)
            {
                await StoreAsync(group, generation);
            }
            return await step.Answer;
        }
        finally
        {
            Table.Release(group);
        }
    }

    /// <inheritdoc/>
    public ValueTask<BrokerErrorCode> HeartbeatAsync(string group, MemberIdentity member, CancellationToken ct) =>
        new(With(group, BrokerErrorCode.UnknownMember, g => g.Heartbeat(member)));

    /// <inheritdoc/>
    public ValueTask<LeaveResult> LeaveAsync(string group, IReadOnlyList<LeavingMember> members, CancellationToken ct) =>
        new(GroupName.IsValid(group)
            ? new LeaveResult(
                BrokerErrorCode.None, With(group, null, g => g.Leave(members)) ?? GroupOffsets.All(members.Count, BrokerErrorCode.UnknownMember))
            : new LeaveResult(BrokerErrorCode.InvalidGroupId, GroupOffsets.All(members.Count, BrokerErrorCode.InvalidGroupId)));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BrokerErrorCode>> CommitOffsetsAsync(
        string group, MemberIdentity? member, IReadOnlyList<OffsetCommit> offsets, CancellationToken ct)
    {
        IReadOnlyList<BrokerErrorCode> outcomes = await CommitAsync(group, member, offsets);
        _metrics.OffsetsCommitted(outcomes);
        return outcomes;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct) =>
        _offsets.FetchAsync(group, partitions, ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteOffsetsAsync(string group, IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        // The first commit on its way makes the group known.
        await _writes.SettledAsync(group);
        if ((await DescribeAsync(group, ct)).State == GroupState.Dead)
        {
            return GroupOffsets.All(partitions.Count, BrokerErrorCode.GroupNotFound);
        }
        ConsumerGroup found = Table.AcquireToDelete(group);
        try
        {
            return found.TryDeleteOffsets(subscribed => _offsets.DeleteAsync(group, partitions, subscribed)) is { } deletion
                ? await deletion
                : GroupOffsets.All(partitions.Count, BrokerErrorCode.GroupNotEmpty);
        }
        finally
        {
            Table.Release(found);
        }
    }

    /// <inheritdoc/>
    public async Task<GroupDescription> DescribeAsync(string group, CancellationToken ct)
    {
        GroupName.ThrowIfInvalid(group);
        if (With(group, null, g => g.Occupancy.Members > 0 ? g.Describe() : null) is { } present)
        {
            return present;
        }
        StoredGroup? stored = await StorageFaults.TranslateAsync(() => _store.FindGroupAsync(group, ct));
        return stored is null
            ? new GroupDescription { Group = group, State = GroupState.Dead }
            : new GroupDescription { Group = group, State = GroupState.Empty, ProtocolType = stored.ProtocolType, Generation = stored.Generation };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GroupListing>> ListAsync(GroupFilter filter, CancellationToken ct)
    {
        SortedDictionary<string, GroupListing> groups = new(StringComparer.Ordinal);
        foreach (StoredGroup stored in await StorageFaults.TranslateAsync(() => _store.ListGroupsAsync(ct)))
        {
            groups.Add(stored.Group, new GroupListing(stored.Group, GroupState.Empty, stored.ProtocolType));
        }
        foreach (ConsumerGroup present in Table.Snapshot())
        {
            if (present.Occupancy.Members > 0)
            {
                groups[present.Name] = present.List();
            }
        }
        return [.. groups.Values.Where(filter.Allows)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteGroupsAsync(IReadOnlyList<string> groups, CancellationToken ct)
    {
        BrokerErrorCode[] outcomes = new BrokerErrorCode[groups.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            ct.ThrowIfCancellationRequested();
            outcomes[i] = GroupName.IsValid(groups[i]) ? await DeleteAsync(groups[i]) : BrokerErrorCode.InvalidGroupId;
        }
        return outcomes;
    }

    private static JoinResult Refused(JoinRequest request, BrokerErrorCode error, string message) =>
        new() { Error = error, Message = message, MemberId = request.MemberId };

    private Task<IReadOnlyList<BrokerErrorCode>> CommitAsync(string group, MemberIdentity? member, IReadOnlyList<OffsetCommit> offsets)
    {
        if (!GroupName.IsValid(group))
        {
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(GroupOffsets.All(offsets.Count, BrokerErrorCode.InvalidGroupId));
        }
        if (Table.Acquire(group) is not { } found)
        {
            return member is not { Generation: >= 0 }
                ? _offsets.CommitAsync(group, offsets)
                : Task.FromResult<IReadOnlyList<BrokerErrorCode>>(GroupOffsets.All(offsets.Count, BrokerErrorCode.UnknownMember));
        }
        try
        {
            Task<IReadOnlyList<BrokerErrorCode>>? commit = null;
            BrokerErrorCode error = found.TryCommit(member, () => commit = _offsets.CommitAsync(group, offsets));
            return commit ?? Task.FromResult<IReadOnlyList<BrokerErrorCode>>(GroupOffsets.All(offsets.Count, error));
        }
        finally
        {
            Table.Release(found);
        }
    }

    private async Task<BrokerErrorCode> DeleteAsync(string group)
    {
        ConsumerGroup found = Table.AcquireToDelete(group);
        try
        {
            Task<bool>? deletion = found.TryDelete(
                () => _writes.DeleteAsync(group, () => StorageFaults.TranslateAsync(() => _store.DeleteGroupAsync(group, CancellationToken.None))));
            return deletion is null ? BrokerErrorCode.GroupNotEmpty : await deletion ? BrokerErrorCode.None : BrokerErrorCode.GroupNotFound;
        }
        finally
        {
            Table.Release(found);
        }
    }

    private T With<T>(string group, T absent, Func<ConsumerGroup, T> use)
    {
        if (Table.Acquire(group) is not { } found)
        {
            return absent;
        }
        try
        {
            return use(found);
        }
        finally
        {
            Table.Release(found);
        }
    }

    // Stored before anybody is told its assignment, so that no generation has owners in two runs of the process. The caller going away does not stop
    // it.
    private async Task StoreAsync(ConsumerGroup group, StoredGroup generation)
    {
        BrokerException? failure = new(BrokerErrorCode.Internal, "The generation could not be stored.");
        try
        {
            await _writes.WriteAsync(group.Name, () => StorageFaults.TranslateAsync(async () =>
            {
                await _store.SaveGenerationAsync(group.Name, generation.Generation, generation.ProtocolType, CancellationToken.None);
                return true;
            }));
            failure = null;
        }
        catch (BrokerException e)
        {
            Log.AssignmentsNotStored(_logger, group.Name, generation.Generation, e);
            failure = e;
        }
        finally
        {
            group.OnStored(generation.Generation, failure);
        }
    }

    private void ThrowIfInvalid(JoinRequest request)
    {
        GroupName.ThrowIfInvalid(request.Group);
        if (request.SessionTimeout < _options.SessionTimeoutMin || request.SessionTimeout > _options.SessionTimeoutMax)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidSessionTimeout,
                $"A session timeout is {_options.SessionTimeoutMin} to {_options.SessionTimeoutMax}; {request.SessionTimeout} was asked for.");
        }
        if (request.RebalanceTimeout <= TimeSpan.Zero || request.RebalanceTimeout.TotalMilliseconds > int.MaxValue)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, "The rebalance timeout is not from 1 ms to 24 days.");
        }
        if (request.InstanceId is { } instance && !GroupName.IsValid(instance))
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"A static member's name has 1 to {GroupName.LengthMax} characters.");
        }
    }
}
