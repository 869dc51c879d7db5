namespace StreamHouse.Broker.Topics;

/// <summary>
/// Topics deleted a moment ago, so that a client can be told that a topic is going before it is told that there is none. Bounded in time and in
/// number: past <see cref="CountMax"/> the oldest is forgotten.
/// </summary>
internal sealed class DeletedTopics(TimeProvider clock)
{
    /// <summary>Most topics remembered.</summary>
    public const int CountMax = 1000;

    /// <summary>How long one is remembered: a client that reads it learns at once, and looks again within a few hundred milliseconds.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Queue<Deletion> _inOrder = [];
    private readonly Dictionary<string, Deletion> _byName = new(StringComparer.Ordinal);

    /// <summary>A topic is being deleted.</summary>
    public void Add(TopicDescription topic)
    {
        lock (_lock)
        {
            Forget(CountMax - 1);
            Deletion deletion = new(topic, clock.GetTimestamp());
            _inOrder.Enqueue(deletion);
            _byName[topic.Name] = deletion;
        }
    }

    /// <summary>The topic of this name that was deleted last, or null.</summary>
    public TopicDescription? Find(string name)
    {
        lock (_lock)
        {
            Forget(CountMax);
            return _byName.GetValueOrDefault(name)?.Topic;
        }
    }

    private void Forget(int countMax)
    {
        while (_inOrder.TryPeek(out Deletion? oldest) && (_inOrder.Count > countMax || clock.GetElapsedTime(oldest.At) >= Remembered))
        {
            _inOrder.Dequeue();
            if (ReferenceEquals(_byName.GetValueOrDefault(oldest.Topic.Name), oldest))
            {
                _byName.Remove(oldest.Topic.Name);
            }
        }
    }

    private sealed record Deletion(TopicDescription Topic, long At);
}
