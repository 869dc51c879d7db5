using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Groups;

/// <summary>
/// A consumer's membership of its group, from the first join to leaving: joins, takes and gives up partitions, and joins again whenever the group or
/// a failure asks for it.
/// </summary>
internal sealed class GroupMember : IAsyncDisposable
{
    private static readonly TimeSpan MissingTopicInterval = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemberSignals _signals = new();
    private readonly string _group;
    private readonly ConsumerOptions _options;
    private readonly MemberState _state;
    private readonly MemberCalls _calls;
    private readonly GroupLeader _leader;
    private readonly Heartbeats _heartbeats;
    private readonly OffsetCommitter _committer;
    private readonly PartitionHandover _handover;
    private readonly DeliveryGate _gate;
    private readonly IPartitionOwner _owner;
    private readonly TimeProvider _clock;
    private readonly Backoff _backoff;
    private readonly ILogger _log;
    private IReadOnlyCollection<string> _topics = [];
    private Task _beating = Task.CompletedTask;
    private Task _committing = Task.CompletedTask;

    public GroupMember(
        string group, IClientTransport transport, Admin admin, ConsumerOptions options, IPartitionOwner owner, DeliveryGate gate, TimeProvider clock,
        Random random, ILogger log)
    {
        _group = group;
        _options = options;
        _owner = owner;
        _gate = gate;
        _clock = clock;
        _log = log;
        _backoff = new Backoff(options.Retry, random);
        _state = new MemberState(options.Membership.IsCooperative, options.Membership.InstanceId);
        _calls = new MemberCalls(transport, group, options.Membership);
        _leader = new GroupLeader(group, admin, log);
        _heartbeats = new Heartbeats(_calls, options.Membership, gate, _signals, new Backoff(options.Retry, random), clock);
        _committer = new OffsetCommitter(group, owner, _calls, options.Retry, clock, random, log);
        _handover = new PartitionHandover(group, owner, gate, _committer, options.Membership.AutoCommit, log);
    }

    /// <summary>What the server calls the member; null while it is none.</summary>
    public string? MemberId => _committer.Member?.MemberId;

    /// <summary>Says what to read from now on.</summary>
    public void Subscribe(IReadOnlyCollection<string> topics, IRebalanceListener? listener)
    {
        Volatile.Write(ref _topics, topics);
        _handover.Listener = listener;
        _signals.Set(MemberSignal.Rejoin);
    }

    /// <summary>Begins to join.</summary>
    public void Start()
    {
        _beating = _heartbeats.RunAsync(_stop.Token);
        _committing = _options.Membership.AutoCommit ? _committer.RunAsync(_options.Membership.AutoCommitInterval, _stop.Token) : Task.CompletedTask;
        _ = RunAsync();
    }

    /// <summary>The user has been told of a failure: joining is tried again.</summary>
    public void TryAgain() => _signals.Set(MemberSignal.Rejoin);

    /// <summary>Commits how far all partitions are.</summary>
    public Task CommitAsync(CancellationToken ct) => _committer.CommitAsync(doneOnly: false, only: null, 3 * OffsetCommitter.TimeoutMax, ct);

    /// <summary>Gives up the partitions, commits what is done if that is wanted, and leaves.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _finished.Task;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await BeMemberAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                // The consumer is being disposed of.
            }
        }
        await _beating;
        await _committing;
        await CloseAsync();
        _finished.TrySetResult();
    }

    private async Task BeMemberAsync(CancellationToken ct)
    {
        try
        {
            await JoinAsync(ct);
            await StayAsync(ct);
        }
        catch (StreamHouseException e)
        {
            await HandleAsync(e, ct);
        }
    }

    private async Task JoinAsync(CancellationToken ct)
    {
        _signals.Take();
        if (_state.BeforeJoin is { Count: > 0 } all)
        {
            await GiveUpAsync(all, ct);
            if (_signals.IsGone)
            {
                return;
            }
        }

        // The server keeps the session of whoever waits for a generation.
        _heartbeats.Member = null;
        JoinGroupResponse joined = await _calls.JoinAsync(_state.MemberId, _state.Subscribe(Volatile.Read(ref _topics)), ct);
        if (joined.MemberIdRequired)
        {
            _state.OnNamed(joined.MemberId);
            joined = await _calls.JoinAsync(_state.MemberId, _state.Subscribe(Volatile.Read(ref _topics)), ct);
        }
        long askedAt = _clock.GetTimestamp();
        _state.OnJoined(joined.MemberId, joined.Generation);
        MemberIdentity member = new(joined.MemberId, joined.Generation);
        _heartbeats.OnContact(askedAt);
        _heartbeats.Member = _committer.Member = member;

        List<MemberAssignment> assignments = [];
        _leader.Resign();
        if (joined.LeaderId == joined.MemberId)
        {
            List<GroupSubscriber> members = await _leader.LeadAsync(joined, ct);
            if (!joined.SkipAssignment)
            {
                assignments = _leader.Assign(members, joined.Protocol, _options.Membership.Strategies);
            }
        }
        SyncGroupResponse synced = await _calls.SyncAsync(member, assignments, ct);
        await ApplyAsync(
            ConsumerProtocol.ReadAssignment(synced.Assignment.Span)
                ?? throw new StreamHouseException(StreamHouseErrorCode.Protocol, $"The assignment that the leader of {_group} made cannot be read."),
            ct);
        _backoff.Reset();
    }

    private async Task ApplyAsync(List<TopicPartition> assigned, CancellationToken ct)
    {
        AssignmentChange change = _state.OnAssigned(assigned);
        Log.Assigned(_log, _group, _state.MemberId, _state.Generation, assigned.Count, change.Revoked.Count, change.Added.Count);
        if (change.Revoked.Count > 0)
        {
            await GiveUpAsync(change.Revoked, ct);
        }
        if (change.Added.Count > 0 && !_signals.IsGone)
        {
            _state.OnAdded(change.Added);
            await _handover.TakeAsync(change.Added, ct);
        }
        if (change.JoinsAgain)
        {
            _signals.Set(MemberSignal.Rejoin);
        }
    }

    /// <summary>Waits until there is a reason to join again.</summary>
    private async Task StayAsync(CancellationToken ct)
    {
        while (true)
        {
            TimeSpan patience = _leader.IsMissingTopics && MissingTopicInterval < _options.MetadataAgeMax
                ? MissingTopicInterval
                : _options.MetadataAgeMax;
            await _signals.WaitAsync(patience, _clock, ct);
            (MemberSignal signal, StreamHouseException? error) = _signals.Take();
            switch (signal)
            {
                case MemberSignal.None when !await _leader.HasChangedAsync(ct):
                    continue;
                case MemberSignal.Away when _gate.IsAsking:
                    continue;
                case MemberSignal.Away:
                    await RestAsync(ct);
                    return;
                case MemberSignal.Failed:
                    throw error!;
                case MemberSignal.Expired:
                    throw Expired();
                default:
                    return;
            }
        }
    }

    private async Task HandleAsync(StreamHouseException error, CancellationToken ct)
    {
        MemberReaction reaction = _state.OnError(error);
        if (reaction == MemberReaction.TryAgain && _state.Owned.Count > 0 && _heartbeats.IsExpired)
        {
            error = Expired();
            reaction = _state.OnError(error);
        }
        switch (reaction)
        {
            case MemberReaction.Rejoin:
                return;
            case MemberReaction.Lose:
                await LoseAsync(error.Message, ct);
                return;
            case MemberReaction.Fail:
                await LoseAsync(error.Message, ct);
                _signals.Take();
                _owner.Fail(error);

                // Only who has been told and asks for records again wants to be a member again.
                await _signals.WaitAsync(ct);
                await _gate.AskedAsync(ct);
                break;
            case MemberReaction.TryAgain:
                break;
            default:
                throw new InvalidOperationException($"{reaction} is no reaction.");
        }
        TimeSpan delay = _backoff.Next();
        Log.JoinsAgain(_log, _group, delay.TotalMilliseconds, error.Message);
        await Task.Delay(delay, _clock, ct);
    }

    private async Task LoseAsync(string reason, CancellationToken ct)
    {
        _heartbeats.Member = _committer.Member = null;
        if (_state.Owned.Count > 0)
        {
            Log.Lost(_log, _group, _state.Owned.Count, reason);
            TopicPartition[] all = [.. _state.Owned];
            await _handover.GiveUpAsync(all, static () => true, ct);
            _state.OnGone(all);
        }
    }

    private async Task GiveUpAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        await _handover.GiveUpAsync(partitions, () => _signals.IsGone, ct);
        _state.OnGone(partitions);
    }

    /// <summary>Lets others have the partitions until the user asks for records again.</summary>
    private async Task RestAsync(CancellationToken ct)
    {
        Log.Away(_log, _group, _options.Membership.RebalanceTimeout);
        _owner.Cut(_state.Owned);
        await LeaveAsync("no record was asked for within the rebalance timeout", ct);
        _state.OnLeft();
        await LoseAsync("the member has left", ct);
        await _gate.AskedAsync(ct);
    }

    private async Task CloseAsync()
    {
        if (_state.Owned.Count > 0)
        {
            TopicPartition[] all = [.. _state.Owned];
            await _handover.CloseAsync(all, isLost: _committer.Member is null || _signals.IsGone);
            _state.OnGone(all);
        }
        await LeaveAsync("the consumer was closed", CancellationToken.None);
        _heartbeats.Member = _committer.Member = null;
    }

    // A static member's place is kept for its restart, until its session ends.
    private Task LeaveAsync(string reason, CancellationToken ct) => _state.MemberId.Length == 0 || _state.InstanceId is not null
        ? Task.CompletedTask
        : _calls.TryLeaveAsync(_state.MemberId, reason, OffsetCommitter.TimeoutMax, _log, ct);

    private StreamHouseException Expired() => new(
        StreamHouseErrorCode.UnknownMember, $"The server of {_group} has not been heard for {_options.Membership.SessionTimeout}.");
}
