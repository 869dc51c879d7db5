namespace StreamHouse.Client.Groups.Assignment;

/// <summary>
/// Evenly, and as before where that is even: first everybody keeps what it has, then free partitions go to whoever has least, then partitions move from
/// those who have most, as long as that makes a difference smaller. A partition that moves is given to nobody yet: its owner has to let go of it first and
/// joins again, and the next assignment gives it away.
/// </summary>
internal sealed class StickyAssignor
{
    private readonly List<GroupSubscriber> _members;
    private readonly List<string> _topics;
    private readonly IReadOnlyDictionary<string, int> _partitions;

    // Members by their place in the order; topics by theirs.
    private readonly int[] _loads;
    private readonly List<int>[] _subscribers;

    // What a member has of each topic; the newest last, which moves first.
    private readonly List<int>[][] _held;
    private readonly Dictionary<TopicPartition, Claim> _claims = [];

    public StickyAssignor(List<GroupSubscriber> members, IReadOnlyDictionary<string, int> partitions)
    {
        _members = members;
        _partitions = partitions;
        _topics = [.. Assignor.Topics(members, partitions)];
        _loads = new int[members.Count];
        _subscribers = new List<int>[_topics.Count];
        _held = new List<int>[members.Count][];
        Dictionary<string, int> topicAt = new(StringComparer.Ordinal);
        for (int t = 0; t < _topics.Count; t++)
        {
            topicAt.Add(_topics[t], t);
            _subscribers[t] = [];
        }
        for (int m = 0; m < members.Count; m++)
        {
            _held[m] = new List<int>[_topics.Count];
            foreach (string topic in members[m].Subscription.Topics.Distinct(StringComparer.Ordinal))
            {
                if (topicAt.TryGetValue(topic, out int t))
                {
                    _subscribers[t].Add(m);
                    _held[m][t] = [];
                }
            }
            Note(m);
        }
    }

    public Dictionary<string, List<TopicPartition>> Assign()
    {
        List<(int Topic, int Partition)> free = KeepOwned();
        foreach ((int topic, int partition) in free)
        {
            Give(Least(topic), topic, partition);
        }
        while (TryMove())
        {
        }
        return Result();
    }

    // Who says that it has what. Of two who say so, the one of the younger generation has it; of equals, neither.
    private void Note(int member)
    {
        Subscription subscription = _members[member].Subscription;
        foreach (TopicPartition partition in subscription.Owned.Distinct())
        {
            if (!_claims.TryGetValue(partition, out Claim claim) || subscription.Generation > claim.Generation)
            {
                _claims[partition] = new Claim(member, subscription.Generation, claim.Count + 1);
            }
            else
            {
                _claims[partition] = claim with { Member = subscription.Generation == claim.Generation ? -1 : claim.Member, Count = claim.Count + 1 };
            }
        }
    }

    private List<(int Topic, int Partition)> KeepOwned()
    {
        List<(int Topic, int Partition)> free = [];

        // Topics that few can take come first: the others can even out what that leads to.
        foreach (int t in Enumerable.Range(0, _topics.Count).OrderBy(t => _subscribers[t].Count))
        {
            for (int p = 0; p < _partitions[_topics[t]]; p++)
            {
                if (_claims.TryGetValue(new TopicPartition(_topics[t], p), out Claim claim) && claim.Member >= 0 && _held[claim.Member][t] is not null)
                {
                    Give(claim.Member, t, p);
                }
                else
                {
                    free.Add((t, p));
                }
            }
        }
        return free;
    }

    private void Give(int member, int topic, int partition)
    {
        _held[member][topic].Add(partition);
        _loads[member]++;
    }

    private int Least(int topic)
    {
        int least = _subscribers[topic][0];
        foreach (int member in _subscribers[topic])
        {
            least = _loads[member] < _loads[least] ? member : least;
        }
        return least;
    }

    // From whoever has most, so that nobody gives away more than it must. Every move makes the sum of the squared loads smaller, so they end.
    private bool TryMove()
    {
        int?[] leastOf = new int?[_topics.Count];
        foreach (int from in Enumerable.Range(0, _members.Count).OrderByDescending(m => _loads[m]))
        {
            int to = -1;
            int topic = -1;
            for (int t = 0; t < _topics.Count; t++)
            {
                if (_held[from][t] is { Count: > 0 })
                {
                    int least = leastOf[t] ??= Least(t);
                    if (_loads[least] + 1 < _loads[from] && (to < 0 || _loads[least] < _loads[to]))
                    {
                        (to, topic) = (least, t);
                    }
                }
            }
            if (to >= 0)
            {
                List<int> held = _held[from][topic];
                Give(to, topic, held[^1]);
                held.RemoveAt(held.Count - 1);
                _loads[from]--;
                return true;
            }
        }
        return false;
    }

    private Dictionary<string, List<TopicPartition>> Result()
    {
        Dictionary<string, List<TopicPartition>> assigned = [];
        for (int m = 0; m < _members.Count; m++)
        {
            List<TopicPartition> mine = [];
            for (int t = 0; t < _topics.Count; t++)
            {
                foreach (int p in _held[m][t] ?? [])
                {
                    TopicPartition partition = new(_topics[t], p);
                    if (!_claims.TryGetValue(partition, out Claim claim) || (claim.Count == 1 && claim.Member == m))
                    {
                        mine.Add(partition);
                    }
                }
            }
            mine.Sort();
            assigned.Add(_members[m].MemberId, mine);
        }
        return assigned;
    }

    /// <param name="Member">Whose it is; -1 when that is not clear.</param>
    /// <param name="Generation">By which generation.</param>
    /// <param name="Count">How many say that they have it.</param>
    private readonly record struct Claim(int Member, int Generation, int Count);
}
