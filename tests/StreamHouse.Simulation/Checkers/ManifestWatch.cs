using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Metadata;

namespace StreamHouse.Simulation.Checkers;

/// <summary>
/// Looks at every transaction on leases and manifest as it takes effect: epochs only grow and have one holder each, slices follow one another,
/// lie in stored objects, and hold what clients know to be there.
/// </summary>
internal sealed class ManifestWatch(SimWorld world, LogModel model)
{
    /// <summary>See <see cref="Scenarios.EngineOptions"/>.</summary>
    private static readonly TimeSpan DeleteDelay = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan OrphanAge = TimeSpan.FromMinutes(2);

    private readonly Dictionary<TopicPartition, State> _states = [];
    private readonly HashSet<(Guid Object, TopicPartition Partition)> _committed = [];
    private readonly HashSet<string> _committedKeys = [];
    private readonly Dictionary<Guid, DateTimeOffset> _expiries = [];
    private readonly HashSet<TopicId> _deleted = [];
    private readonly HashSet<Guid> _closed = [];

    /// <summary>One process has the cluster to itself: nobody else takes leases.</summary>
    public bool Alone { get; init; }

    /// <summary>Slices checked.</summary>
    public int Slices { get; private set; }

    /// <summary>Takes note of a transaction.</summary>
    /// <exception cref="InvariantException">It must not have happened.</exception>
    public void See(SimTransaction transaction)
    {
        if (transaction.Argument is (Guid incarnation, TimeSpan timeToLive))
        {
            Alive(transaction, incarnation, timeToLive);
        }
        if (transaction.Argument is Guid closed)
        {
            // A process that stops gives its leases up, though a commit may still be on its way that had no answer in time.
            _closed.Add(closed);
        }
        if (transaction.Argument is TopicId topic)
        {
            _deleted.Add(topic);
        }
        switch (transaction.Result)
        {
            case Lease taken when transaction.Name == nameof(ILeaseStore.TakeLeaseAsync):
                Taken(taken);
                break;
            case IReadOnlyList<Lease> leases when transaction.Name is nameof(ILeaseStore.TakeAllLeasesAsync) or nameof(ILeaseStore.TakeTopicLeasesAsync):
                foreach (Lease lease in leases)
                {
                    Taken(lease);
                }
                break;
            case IReadOnlyList<SliceOutcome> outcomes:
                Committed((ObjectCommit)transaction.Argument!, outcomes);
                break;
        }
    }

    /// <summary>Takes note of an object that was deleted.</summary>
    /// <exception cref="InvariantException">It was too young to be known as an orphan.</exception>
    public void SeeDeleted(string key, TimeSpan age)
    {
        if (!SegmentKeys.TryParseObjectId(key, out _))
        {
            // A milestone: the last few are enough.
            return;
        }
        // The age of an orphan is judged by the process's clock: that only saves work. The delay is what readers and late commits rely on.
        if (!_committedKeys.Contains(key) && age < DeleteDelay + (world.ClocksAgree ? OrphanAge : TimeSpan.Zero))
        {
            world.Kernel.Fail(new InvariantException($"{key} was deleted as an orphan at an age of {age}."));
        }
    }

    // By the store's clock, which is the world's.
    private void Alive(in SimTransaction transaction, Guid incarnation, TimeSpan timeToLive)
    {
        DateTimeOffset now = world.Kernel.World.Clock.GetUtcNow();
        if (transaction is { Name: nameof(ILeaseStore.RenewSessionAsync), Result: false })
        {
            return;
        }
        if (transaction.Name == nameof(ILeaseStore.RenewSessionAsync) && _expiries.TryGetValue(incarnation, out DateTimeOffset expiry) && expiry < now)
        {
            throw new InvariantException($"{transaction.Caller.Name} renewed session {incarnation} {now - expiry} after it had expired.");
        }
        _expiries[incarnation] = now + timeToLive;
    }

    private void Taken(Lease lease)
    {
        State state = _states.GetValueOrDefault(lease.Partition);
        if (lease.Epoch <= state.Epoch)
        {
            throw new InvariantException($"{lease.Partition}: {lease.Holder} took the lease at epoch {lease.Epoch}, after {state.Holder} at {state.Epoch}.");
        }
        if (lease.EndOffset != state.End)
        {
            throw new InvariantException($"{lease.Partition}: the lease was taken at end {lease.EndOffset}, but what is committed ends at {state.End}.");
        }
        _states[lease.Partition] = new State(lease.Epoch, lease.Holder, lease.EndOffset);
    }

    private void Committed(ObjectCommit commit, IReadOnlyList<SliceOutcome> outcomes)
    {
        for (int i = 0; i < outcomes.Count; i++)
        {
            SliceCommit slice = commit.Slices[i];
            if (outcomes[i] == SliceOutcome.Fenced && Alone && !_closed.Contains(commit.Holder) && !model[slice.Partition].Deleted)
            {
                throw new InvariantException(
                    $"{slice.Partition}: a slice [{slice.BaseOffset}, {slice.EndOffset}) was fenced at epoch {slice.Epoch} although nobody else takes leases.");
            }
            if (outcomes[i] == SliceOutcome.Committed && _committed.Add((commit.ObjectId, slice.Partition)))
            {
                Check(commit, slice);
                Slices++;
            }
        }
    }

    private void Check(ObjectCommit commit, SliceCommit slice)
    {
        if (_deleted.Contains(slice.Partition.Topic))
        {
            throw new InvariantException($"{slice.Partition}: {commit.Holder} committed a slice although the topic was deleted.");
        }
        State state = _states.GetValueOrDefault(slice.Partition);
        if (slice.Epoch != state.Epoch || commit.Holder != state.Holder)
        {
            throw new InvariantException(
                $"{slice.Partition}: {commit.Holder} committed a slice at epoch {slice.Epoch}, but {state.Holder} leads at {state.Epoch}.");
        }
        if (slice.BaseOffset != state.End)
        {
            throw new InvariantException($"{slice.Partition}: a slice [{slice.BaseOffset}, {slice.EndOffset}) was committed after {state.End}.");
        }
        _states[slice.Partition] = state with { End = slice.EndOffset };
        _committedKeys.Add(commit.Key);
        if (world.Bucket.Find(commit.Key) is not { } stored || stored.Bytes.Length != commit.Bytes)
        {
            throw new InvariantException($"{slice.Partition}: a slice was committed in {commit.Key}, which is not in the bucket.");
        }
        long offset = slice.BaseOffset;
        PartitionModel log = model[slice.Partition];
        foreach ((long at, ulong hash) in RecordMaker.Read(stored.Bytes.AsSpan((int)slice.Position, (int)slice.Length)))
        {
            if (at != offset++)
            {
                throw new InvariantException($"{slice.Partition}: {commit.Key} goes from {offset - 2} to {at}.");
            }
            log.Learn(at, hash, acknowledged: false, "a committed slice");
        }
        if (offset != slice.EndOffset)
        {
            throw new InvariantException($"{slice.Partition}: {commit.Key} ends at {offset}, its slice at {slice.EndOffset}.");
        }
    }

    private readonly record struct State(long Epoch, Guid? Holder, long End);
}
