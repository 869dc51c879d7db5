using StreamHouse.Kafka.Fetch;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>
/// The partitions that a client reads over and over (KIP-227): it names only what changes, and is told only what is new. Safe for concurrent use,
/// unless a member says what guards it.
/// </summary>
internal sealed class FetchSession(int id, bool usesTopicIds)
{
    private readonly Lock _lock = new();
    private readonly List<SessionPartition> _partitions = [];
    private readonly Dictionary<FetchKey, SessionPartition> _byKey = [];
    private int _first;
    private int _epoch = 1;

    /// <summary>Its number; 0 for the partitions of a fetch outside of any session.</summary>
    public int Id => id;

    /// <summary>Whether topics are named by id.</summary>
    public bool UsesTopicIds => usesTopicIds;

    /// <summary>When it was last used, by the clock's timestamp. The lock of all sessions guards it.</summary>
    public long LastUsed { get; set; }

    /// <summary>Its place among all sessions by when they were used. The lock of all sessions guards it.</summary>
    public LinkedListNode<FetchSession>? Place { get; set; }

    /// <summary>The partitions it is counted with. The lock of all sessions guards it.</summary>
    public int Counted { get; set; }

    /// <summary>Adds and changes what the request names, and removes what it forgets.</summary>
    /// <returns>What to read now: all partitions, beginning with the one whose turn it is.</returns>
    public FetchTarget[] Update(FetchRequestView request)
    {
        lock (_lock)
        {
            Apply(request);
            return InTurn();
        }
    }

    /// <summary>As <see cref="Update"/>, if this is the session's next fetch; otherwise null.</summary>
    public FetchTarget[]? TryContinue(FetchRequestView request)
    {
        lock (_lock)
        {
            if (request.SessionEpoch != _epoch)
            {
                return null;
            }
            _epoch = _epoch == int.MaxValue ? 1 : _epoch + 1;
            Apply(request);
            return InTurn();
        }
    }

    /// <summary>Notes what the client is told of a partition; see <see cref="SessionPartition.Tell"/>.</summary>
    public bool Tell(SessionPartition partition, in FetchPartitionResult result)
    {
        lock (_lock)
        {
            return partition.Tell(result);
        }
    }

    /// <summary>A fetch had records of this partition last: the next one begins behind it, so that a busy partition cannot starve the others.</summary>
    public void EndTurnAt(SessionPartition partition)
    {
        lock (_lock)
        {
            int at = _partitions.IndexOf(partition);
            _first = at < 0 || at == _partitions.Count - 1 ? 0 : at + 1;
        }
    }

    private void Apply(FetchRequestView request)
    {
        foreach (ref readonly FetchTopicView topic in request.Topics)
        {
            foreach (ref readonly FetchPartitionView wanted in request.PartitionsOf(topic))
            {
                Set(new FetchKey(topic.Name, topic.TopicId, wanted.PartitionIndex), wanted);
            }
        }
        bool forgets = false;
        foreach (ref readonly FetchTopicView topic in request.ForgottenTopics)
        {
            foreach (int partition in request.ForgottenPartitionsOf(topic))
            {
                if (_byKey.Remove(new FetchKey(topic.Name, topic.TopicId, partition), out SessionPartition? forgotten))
                {
                    forgotten.IsForgotten = forgets = true;
                }
            }
        }
        if (forgets)
        {
            _partitions.RemoveAll(static p => p.IsForgotten);
            _first = 0;
        }
    }

    private FetchTarget[] InTurn()
    {
        var targets = new FetchTarget[_partitions.Count];
        for (int i = 0; i < targets.Length; i++)
        {
            int at = _first + i < targets.Length ? _first + i : _first + i - targets.Length;
            targets[i] = new FetchTarget(_partitions[at], _partitions[at].Wanted);
        }
        return targets;
    }

    private void Set(in FetchKey key, in FetchPartitionView wanted)
    {
        if (!_byKey.TryGetValue(key, out SessionPartition? partition))
        {
            partition = new SessionPartition(key);
            _byKey.Add(key, partition);
            _partitions.Add(partition);
        }
        partition.Wanted = wanted;
    }
}
