using System.Collections.Immutable;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Topics;

/// <summary>A live topic and the writers of its partitions, by number. Immutable: a change makes a new one.</summary>
internal sealed record LedTopic(TopicDescription Description, ImmutableArray<PartitionWriter> Partitions);

/// <summary>The live topics of this process. Reads take no lock and see a consistent state; changes are applied one after another.</summary>
internal sealed class TopicCatalog(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly DeletedTopics _deleted = new(clock);
    private volatile State _state = new(
        ImmutableSortedDictionary.Create<string, LedTopic>(StringComparer.Ordinal), ImmutableDictionary<TopicId, LedTopic>.Empty);

    /// <summary>Live topics in name order.</summary>
    public IEnumerable<LedTopic> All => _state.ByName.Values;

    /// <summary>Number of live topics.</summary>
    public int Count => _state.ByName.Count;

    public LedTopic? Find(string name) => _state.ByName.GetValueOrDefault(name);

    public LedTopic? Find(TopicId id) => _state.ById.GetValueOrDefault(id);

    public PartitionWriter? Find(TopicPartition partition) =>
        Find(partition.Topic) is { } topic && (uint)partition.Partition < (uint)topic.Partitions.Length
            ? topic.Partitions[partition.Partition]
            : null;

    /// <summary>Adds a topic or replaces the state of one.</summary>
    public void Put(LedTopic topic)
    {
        lock (_lock)
        {
            State state = _state;
            _state = new State(state.ByName.SetItem(topic.Description.Name, topic), state.ById.SetItem(topic.Description.Id, topic));
        }
    }

    /// <summary>Adds many topics at once.</summary>
    public void PutAll(IEnumerable<LedTopic> topics)
    {
        lock (_lock)
        {
            ImmutableSortedDictionary<string, LedTopic>.Builder byName = _state.ByName.ToBuilder();
            ImmutableDictionary<TopicId, LedTopic>.Builder byId = _state.ById.ToBuilder();
            foreach (LedTopic topic in topics)
            {
                byName[topic.Description.Name] = topic;
                byId[topic.Description.Id] = topic;
            }
            _state = new State(byName.ToImmutable(), byId.ToImmutable());
        }
    }

    /// <summary>A topic removed a moment ago, by name, or null.</summary>
    public TopicDescription? FindDeleted(string name) => _deleted.Find(name);

    /// <summary>Removes a topic.</summary>
    public void Remove(LedTopic topic)
    {
        // First: whoever does not find the topic any more finds that it was deleted.
        _deleted.Add(topic.Description);
        lock (_lock)
        {
            State state = _state;
            _state = new State(state.ByName.Remove(topic.Description.Name), state.ById.Remove(topic.Description.Id));
        }
    }

    private sealed record State(ImmutableSortedDictionary<string, LedTopic> ByName, ImmutableDictionary<TopicId, LedTopic> ById);
}
