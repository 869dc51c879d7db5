using StreamHouse.Kafka.Fetch;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>
/// The partitions that a client reads over and over (KIP-227): it names only what changes, and is told only what is new. The sessions' lock
/// guards it.
/// </summary>
internal sealed class FetchSession(int id, bool usesTopicIds)
{
    private readonly List<SessionPartition> _partitions = [];
    private readonly Dictionary<FetchKey, SessionPartition> _byKey = [];
    private int _first;

    /// <summary>Its number; 0 for the partitions of a fetch outside of any session.</summary>
    public int Id => id;

    /// <summary>Whether topics are named by id.</summary>
    public bool UsesTopicIds => usesTopicIds;

    /// <summary>Number of the next fetch.</summary>
    public int Epoch { get; private set; } = 1;

    /// <summary>When it was last used, by the clock's timestamp.</summary>
    public long LastUsed { get; set; }

    /// <summary>Partitions in it.</summary>
    public int Count => _partitions.Count;

    /// <summary>A fetch of this epoch has come.</summary>
    public void NextEpoch() => Epoch = Epoch == int.MaxValue ? 1 : Epoch + 1;

    /// <summary>Adds and changes what the request names, and removes what it forgets.</summary>
    public void Update(FetchRequestView request)
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

    /// <summary>The partitions, beginning with the one whose turn it is.</summary>
    public SessionPartition[] InTurn()
    {
        var ordered = new SessionPartition[_partitions.Count];
        int tail = _partitions.Count - _first;
        _partitions.CopyTo(_first, ordered, 0, tail);
        _partitions.CopyTo(0, ordered, tail, _first);
        return ordered;
    }

    /// <summary>A fetch had records of this partition last: the next one begins behind it, so that a busy partition cannot starve the others.</summary>
    public void EndTurnAt(SessionPartition partition)
    {
        int at = _partitions.IndexOf(partition);
        _first = at < 0 || at == _partitions.Count - 1 ? 0 : at + 1;
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
