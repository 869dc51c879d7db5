using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// One group: lets <see cref="Sessions"/> check who calls, and <see cref="Admission"/>, <see cref="Assignments"/>, <see cref="Departures"/> and
/// <see cref="Rebalance"/> decide what follows. Safe for concurrent use.
/// </summary>
internal sealed class ConsumerGroup
{
    private readonly Lock _lock = new();
    private readonly GroupTimers _timers;
    private readonly Rebalance _rebalance;
    private readonly Admission _admission;
    private readonly Assignments _assignments;
    private readonly Departures _departures;
    private readonly Sessions _sessions;
    private long _lookAt = long.MaxValue;
    private bool _closed;

    /// <param name="name">Its name.</param>
    /// <param name="number">Distinguishes it from earlier groups of the same name.</param>
    /// <param name="options">Limits.</param>
    /// <param name="timers">Calls <see cref="OnTime"/>.</param>
    /// <param name="memory">What all groups share.</param>
    /// <param name="random">Makes member ids.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="logger">Log.</param>
    public ConsumerGroup(
        string name, long number, GroupOptions options, GroupTimers timers, GroupMemory memory, IRandomSource random, BrokerMetrics metrics,
        ILogger logger)
    {
        Name = name;
        Number = number;
        _timers = timers;
        _rebalance = new Rebalance(name, timers, memory, options, metrics, logger);
        _admission = new Admission(_rebalance, options, timers, memory, random);
        _assignments = new Assignments(name, _rebalance, timers, memory);
        _departures = new Departures(name, _rebalance, logger);
        _sessions = new Sessions(_rebalance, timers);
    }

    public string Name { get; }

    public long Number { get; }

    /// <summary>Calls in progress. The coordinator's lock guards it.</summary>
    public int Pins { get; set; }

    /// <summary>Reads what was stored of the group; null before the first join. The coordinator's lock guards it.</summary>
    public Task? Loading { get; set; }

    public GroupState State
    {
        get
        {
            lock (_lock)
            {
                return _rebalance.State;
            }
        }
    }

    /// <summary>Its place among the groups that can be given up, or null. The coordinator's lock guards it.</summary>
    public LinkedListNode<ExpectedGroup>? Expected { get; set; }

    /// <summary>Who is in it.</summary>
    public GroupOccupancy Occupancy
    {
        get
        {
            lock (_lock)
            {
                return new GroupOccupancy(Members.Count, _rebalance.Pending.Bytes);
            }
        }
    }

    private MemberList Members => _rebalance.Members;

    /// <summary>Takes over what was stored of the group, before its first member.</summary>
    public void Restore(StoredGroup stored)
    {
        lock (_lock)
        {
            _rebalance.Generation = Math.Max(_rebalance.Generation, stored.Generation);
        }
    }

    /// <summary>See <see cref="IGroupCoordinator.JoinAsync"/>. The protocols' metadata is the group's from now on.</summary>
    public Task<JoinResult> JoinAsync(JoinRequest request, IReadOnlyList<GroupProtocol> protocols, CancellationToken ct)
    {
        JoinStep step;
        lock (_lock)
        {
            if (_closed)
            {
                string message = GroupErrors.MessageOf(BrokerErrorCode.ShuttingDown);
                return Task.FromResult(new JoinResult { Error = BrokerErrorCode.ShuttingDown, Message = message, MemberId = request.MemberId });
            }
            step = _admission.Join(request, protocols);
            LookAgain();
        }
        return step.Answer is { } answer ? Task.FromResult(answer)
            : ct.CanBeCanceled ? AbandonedCalls.UntilCancelledAsync(step.Waiting!, () => Abandon(step), ct)
            : step.Waiting!.Task;
    }

    /// <summary>See <see cref="IGroupCoordinator.SyncAsync"/>. <see cref="OnStored"/> must follow when there is something to store.</summary>
    public SyncStep Sync(SyncRequest request, CancellationToken ct)
    {
        lock (_lock)
        {
            Member? member = null;
            BrokerErrorCode error = _closed ? BrokerErrorCode.ShuttingDown : _sessions.Check(request.Member, out member);
            error = error == BrokerErrorCode.None ? _assignments.Check(request) : error;
            if (error != BrokerErrorCode.None)
            {
                return new(Task.FromResult(new SyncResult { Error = error, Message = GroupErrors.MessageOf(error) }));
            }
            if (_assignments.TryAnswer(member!) is { } answer)
            {
                return new(Task.FromResult(answer));
            }
            TaskCompletionSource<SyncResult> waiting = Assignments.Wait(member!);
            StoredGroup? toStore = _assignments.Take(member!, request.Assignments);
            LookAgain();
            return new(ct.CanBeCanceled ? AbandonedCalls.UntilCancelledAsync(waiting, () => Abandon(member!, waiting), ct) : waiting.Task, toStore);
        }
    }

    /// <summary>A generation's number is stored, or could not be: its members get their assignments, or join again.</summary>
    public void OnStored(int generation, BrokerException? failure)
    {
        lock (_lock)
        {
            if (_assignments.OnStored(generation, failure))
            {
                LookAgain();
            }
        }
    }

    /// <summary>See <see cref="IGroupCoordinator.HeartbeatAsync"/>.</summary>
    public BrokerErrorCode Heartbeat(MemberIdentity identity)
    {
        lock (_lock)
        {
            return _sessions.Heartbeat(identity);
        }
    }

    /// <summary>See <see cref="IGroupCoordinator.LeaveAsync"/>.</summary>
    public BrokerErrorCode[] Leave(IReadOnlyList<LeavingMember> leaving)
    {
        lock (_lock)
        {
            BrokerErrorCode[] outcomes = _departures.Leave(leaving);
            LookAgain();
            return outcomes;
        }
    }

    /// <summary>Runs <paramref name="commit"/> when the committer may commit; nothing that changes the membership happens meanwhile.</summary>
    public BrokerErrorCode TryCommit(MemberIdentity? identity, Action commit)
    {
        lock (_lock)
        {
            BrokerErrorCode error = _sessions.CheckCommitter(identity);
            if (error == BrokerErrorCode.None)
            {
                commit();
            }
            return error;
        }
    }

    /// <summary>Begins <paramref name="delete"/> unless there are members; nobody becomes one before it is accepted.</summary>
    public Task<T>? TryDelete<T>(Func<Task<T>> delete)
    {
        lock (_lock)
        {
            return Members.Count > 0 ? null : delete();
        }
    }

    /// <summary>
    /// Begins <paramref name="delete"/> with the names of the topics that members subscribe to, unless a subscription cannot be read; nobody
    /// subscribes to another before it is accepted.
    /// </summary>
    public Task<T>? TryDeleteOffsets<T>(Func<HashSet<string>, Task<T>> delete)
    {
        lock (_lock)
        {
            return ConsumerProtocol.TopicsOf(Members.All, _rebalance.ProtocolType) is { } subscribed ? delete(subscribed) : null;
        }
    }

    /// <summary>
    /// As <see cref="TryDeleteOffsets"/>, and only while the group is stable: in between, not everybody may have said what it subscribes to.
    /// </summary>
    public Task<T>? TryExpireOffsets<T>(Func<HashSet<string>, Task<T>> expire)
    {
        lock (_lock)
        {
            return _rebalance.State == GroupState.Stable ? TryDeleteOffsets(expire) : null;
        }
    }

    /// <summary>The group in a list.</summary>
    public GroupListing List()
    {
        lock (_lock)
        {
            return new GroupListing(Name, _rebalance.State, _rebalance.ProtocolType);
        }
    }

    /// <summary>The group and its members.</summary>
    public GroupDescription Describe()
    {
        lock (_lock)
        {
            return GroupView.Describe(Name, _rebalance);
        }
    }

    /// <summary>Gives up whoever's time is over.</summary>
    public void OnTime()
    {
        lock (_lock)
        {
            long now = _timers.Now;
            _departures.RemoveSilent(now);
            _rebalance.OnTime(now);
            _lookAt = long.MaxValue;
            LookAgain();
        }
    }

    /// <summary>Forgets the ids that nobody has joined with: whoever comes with one has to begin anew.</summary>
    public void GiveUpPending()
    {
        lock (_lock)
        {
            _rebalance.Pending.Clear();
            LookAgain();
        }
    }

    /// <summary>Ends every wait: the process stops.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (Member member in Members.All)
            {
                member.Refuse(BrokerErrorCode.ShuttingDown, GroupErrors.MessageOf(BrokerErrorCode.ShuttingDown));
            }
        }
    }

    private void Abandon(JoinStep step)
    {
        lock (_lock)
        {
            _admission.Abandon(step.Member!, step.Waiting!);
            LookAgain();
        }
    }

    private void Abandon(Member member, TaskCompletionSource<SyncResult> waiting)
    {
        lock (_lock)
        {
            _assignments.Abandon(member, waiting);
            LookAgain();
        }
    }

    // Heartbeats only move moments away, and a look that comes too early does no harm: nothing is set anew for them.
    private void LookAgain()
    {
        long next = _rebalance.NextDue;
        if (next < _lookAt || next == long.MaxValue)
        {
            _lookAt = next;
            _timers.Set(this, next);
        }
    }
}
