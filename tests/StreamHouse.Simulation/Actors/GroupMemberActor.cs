using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Network;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// A member of a consumer group: joins, reads what it is assigned, commits, and leaves, forgets itself or falls silent now and then. As the leader it
/// shares the partitions out.
/// </summary>
internal sealed class GroupMemberActor(SimWorld world, LogModel model, GroupModel group, string name, Func<IReadOnlyList<TopicPartition>> partitions)
    : Actor(world, name)
{
    private const int BytesMax = 64 * 1024;

    private static readonly TimeSpan JoinTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly List<Owned> _owned = [];
    private string _memberId = "";
    private int _generation = -1;
    private (MemberIdentity Member, TopicPartition Partition)? _former;
    private bool _left;

    private MemberIdentity Identity => new(_memberId, _generation);

    protected override async Task RunAsync()
    {
        while (!_left)
        {
            try
            {
                await (_generation < 0 ? JoinAsync() : TakePartAsync());
                Link.Succeeded();
            }
            catch (Exception e) when (ClientLink.IsFailure(e))
            {
                World.Kernel.Trace.Add(Name, $"{e.Message}");
                await Link.AfterFailureAsync();
            }
            await PauseAsync(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(3));
        }
    }

    private async Task JoinAsync()
    {
        JoinRequest request = new()
        {
            Group = group.Name,
            MemberId = _memberId,
            RequireMemberId = Random.Chance(0.5),
            ClientId = Name,
            SessionTimeout = TimeSpan.FromSeconds(Random.Between(6, 12)),
            RebalanceTimeout = TimeSpan.FromSeconds(Random.Between(4, 20)),
            ProtocolType = "consumer",
            Protocols = [new GroupProtocol("simulated", ReadOnlyMemory<byte>.Empty)],
        };
        SimConnection connection = Link.Connection;
        JoinResult joined = await connection.CallAsync(b => b.Groups.JoinAsync(request, CancellationToken.None), JoinTimeout);
        _memberId = joined.Error is BrokerErrorCode.None or BrokerErrorCode.MemberIdRequired ? joined.MemberId : _memberId;
        if (!Continues(joined.Error, joined.Message))
        {
            return;
        }
        SyncRequest sync = new()
        {
            Group = group.Name,
            Member = new MemberIdentity(joined.MemberId, joined.Generation),
            Assignments = joined.LeaderId == joined.MemberId ? GroupAssignment.Share(joined.Members, partitions()) : [],
        };
        SyncResult synced = await connection.CallAsync(b => b.Groups.SyncAsync(sync, CancellationToken.None), JoinTimeout);
        if (Continues(synced.Error, synced.Message))
        {
            await BeginAsync(joined, GroupAssignment.Read(synced.Assignment.Span), connection);
        }
    }

    private async Task BeginAsync(JoinResult joined, IReadOnlyList<TopicPartition> assigned, SimConnection connection)
    {
        group.Assigned(joined.MemberId, joined.LeaderId, joined.Generation, assigned);
        World.Kernel.Trace.Add(Name, $"owns {assigned.Count} partitions in generation {joined.Generation} of {group.Name}");
        List<long> floors = [.. assigned.Select(group.FloorOf)];
        IReadOnlyList<GroupOffset> found = await connection.CallAsync(b => b.Groups.FetchOffsetsAsync(group.Name, assigned, CancellationToken.None), Timeout);
        _owned.Clear();
        for (int i = 0; i < assigned.Count; i++)
        {
            TopicPartition partition = assigned[i];
            if (model[partition].Deleted)
            {
                continue;
            }
            GroupOffset? committed = found.FirstOrDefault(o => o.Partition == partition);
            group.Fetched(partition, committed, floors[i], Name);
            _owned.Add(new Owned(partition, new LogCursor(model[partition], Link, Name) { Offset = committed?.Offset ?? 0 }));
        }
        _generation = joined.Generation;
    }

    private async Task TakePartAsync()
    {
        if (!Finishing && await TryMisbehaveAsync())
        {
            return;
        }
        SimConnection connection = Link.Connection;
        MemberIdentity me = Identity;
        BrokerErrorCode beat = await connection.CallAsync(b => b.Groups.HeartbeatAsync(group.Name, me, CancellationToken.None).AsTask(), Timeout);
        if (beat == BrokerErrorCode.RebalanceInProgress && Random.Chance(0.5))
        {
            // The last moment to commit; the next owner must find it, although nobody has waited for the answer.
            _ = CommitAndGoOnAsync(connection);
        }
        if (!Continues(beat, null))
        {
            return;
        }
        Owned[] reading = [.. _owned];
        foreach (Owned owned in reading)
        {
            (long offset, long epoch) = (owned.Cursor.Offset, owned.Cursor.Epoch);
            owned.Cursor.Accept(
                await connection.CallAsync(b => Requests.FetchAsync(b, owned.Partition, offset, BytesMax, TimeSpan.Zero, epoch), Timeout), connection);
        }
        if (_owned.Count < reading.Length)
        {
            // The commit of the last moment had no answer, so this is no member any more.
            return;
        }
        if (!Finishing && !Random.Chance(0.5))
        {
            return;
        }
        bool committed = await TryCommitAsync(connection);
        if (Finishing && committed)
        {
            await LeaveAsync();
            _left = true;
        }
        else if (_owned.Count > 0 && Random.Chance(0.3))
        {
            await LookAgainAsync(connection, _owned[0].Partition);
        }
    }

    private async Task CommitAndGoOnAsync(SimConnection connection)
    {
        try
        {
            await TryCommitAsync(connection);
        }
        catch (Exception e) when (ClientLink.IsFailure(e))
        {
            World.Kernel.Trace.Add(Name, $"{e.Message}");
        }
        catch (Exception e)
        {
            World.Kernel.Fail(e);
        }
    }

    private async Task LookAgainAsync(SimConnection connection, TopicPartition partition)
    {
        long floor = group.FloorOf(partition);
        IReadOnlyList<GroupOffset> found =
            await connection.CallAsync(b => b.Groups.FetchOffsetsAsync(group.Name, [partition], CancellationToken.None), Timeout);
        if (!model[partition].Deleted)
        {
            group.Fetched(partition, found.Count > 0 ? found[0] : null, floor, Name);
        }
    }

    // What clients do that are badly written, badly treated or badly placed.
    private async Task<bool> TryMisbehaveAsync()
    {
        switch (Random.Next(100))
        {
            case 0 or 1:
                World.Kernel.Trace.Add(Name, $"forgets itself");
                Forget();
                return true;
            case 2 or 3:
                await LeaveAsync();
                return true;
            case 4 or 5:
                Process.Pause();
                World.Kernel.Schedule(World.Kernel.World, Random.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(40)), _ => Process.Resume(), null);
                return false;
            case < 16 when _former is { } former && former.Member.Generation < group.Generation && !model[former.Partition].Deleted:
                await CommitLateAsync(former.Member, former.Partition);
                return false;
            default:
                return false;
        }
    }

    private async Task<bool> TryCommitAsync(SimConnection connection)
    {
        if (_owned.Count == 0)
        {
            return true;
        }
        MemberIdentity me = Identity;
        int newest = group.Generation;
        List<OffsetCommit> commits = [.. _owned.Select(o => group.Commit(o.Partition, o.Cursor.Offset))];
        IReadOnlyList<BrokerErrorCode> outcomes;
        try
        {
            outcomes = await connection.CallAsync(b => b.Groups.CommitOffsetsAsync(group.Name, me, commits, CancellationToken.None), Timeout);
        }
        catch (SimNetworkException)
        {
            // The request may still arrive, behind later ones of another connection: only as another member may anything be committed again.
            Forget();
            throw;
        }
        bool succeeded = true;
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] == BrokerErrorCode.None)
            {
                group.Accepted(commits[i], me, newest);
            }
            else if (outcomes[i] != BrokerErrorCode.UnknownTopic || !model[commits[i].Partition].Deleted)
            {
                succeeded = false;
            }
        }
        return succeeded || Continues(outcomes.First(o => o != BrokerErrorCode.None), null);
    }

    // With an identity of a former generation, which must not go through however late it comes.
    private async Task CommitLateAsync(MemberIdentity former, TopicPartition partition)
    {
        int newest = group.Generation;
        OffsetCommit commit = group.Commit(partition, 0);
        IReadOnlyList<BrokerErrorCode> outcomes =
            await Link.Connection.CallAsync(b => b.Groups.CommitOffsetsAsync(group.Name, former, [commit], CancellationToken.None), Timeout);
        if (outcomes[0] == BrokerErrorCode.None)
        {
            group.Accepted(commit, former, newest);
        }
        group.WasRefused();
    }

    private async Task LeaveAsync()
    {
        List<LeavingMember> me = [new LeavingMember(_memberId)];
        Forget();
        await Link.Connection.CallAsync(b => b.Groups.LeaveAsync(group.Name, me, CancellationToken.None).AsTask(), Timeout);
    }

    private void Forget()
    {
        EndGeneration();
        _memberId = "";
    }

    private void EndGeneration()
    {
        if (_owned.Count > 0)
        {
            _former = (Identity, _owned[0].Partition);
        }
        _generation = -1;
        _owned.Clear();
    }

    /// <summary>Whether an answer lets the member go on as it is; it joins again otherwise.</summary>
    private bool Continues(BrokerErrorCode error, string? message)
    {
        switch (error)
        {
            case BrokerErrorCode.None:
                return true;
            case BrokerErrorCode.UnknownMember:
                Forget();
                return false;
            case BrokerErrorCode.MemberIdRequired or BrokerErrorCode.RebalanceInProgress or BrokerErrorCode.IllegalGeneration:
                EndGeneration();
                return false;
            case var retriable when retriable.IsRetriable():
                throw new BrokerException(error, message ?? error.ToString());
            default:
                throw new InvariantException($"{group.Name}: {Name} was refused with {error}: {message}");
        }
    }

    private sealed record Owned(TopicPartition Partition, LogCursor Cursor);
}
