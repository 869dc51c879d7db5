using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;
using StreamHouse.Client.Transport;

namespace StreamHouse.Client.Consumers;

/// <summary>The readers of a consumer, one for each topic it has ever read. For any thread.</summary>
internal sealed class TopicReaders(
    IClientTransport transport, Admin admin, ConsumerOptions options, PrefetchQueue queue, TimeProvider clock, Random random, ILogger log)
    : IPartitionOwner, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, TopicReader> _readers = new(StringComparer.Ordinal);
    private readonly SortedSet<TopicPartition> _given = [];
    private bool _isClosed;

    /// <summary>The partitions the membership has given.</summary>
    public IReadOnlyList<TopicPartition> Given
    {
        get
        {
            lock (_gate)
            {
                return [.. _given];
            }
        }
    }

    /// <summary>What is read of a topic, or null.</summary>
    public PartitionCursors? Find(string topic)
    {
        lock (_gate)
        {
            return _readers.GetValueOrDefault(topic)?.Cursors;
        }
    }

    /// <summary>Changes what is read of a topic, whose reader begins now if it is new.</summary>
    public void Change(string topic, Action<PartitionCursors> change)
    {
        bool isNew;
        TopicReader? reader;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(Consumer));
            isNew = !_readers.TryGetValue(topic, out reader);
            if (isNew)
            {
                reader = new TopicReader(topic, transport, admin, options, queue, clock, random, log);
                _readers.Add(topic, reader);
            }
        }
        change(reader!.Cursors);
        if (isNew)
        {
            reader.Start();
        }
    }

    /// <inheritdoc/>
    public void Add(IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_gate)
        {
            _given.UnionWith(partitions);
        }
        foreach (IGrouping<string, TopicPartition> topic in ByTopic(partitions))
        {
            Change(topic.Key, cursors => cursors.Add(topic.Select(partition => partition.Partition), ConsumerStart.Committed));
        }
    }

    /// <inheritdoc/>
    public void Cut(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (IGrouping<string, TopicPartition> topic in ByTopic(partitions))
        {
            Find(topic.Key)?.Cut(topic.Select(partition => partition.Partition));
        }
    }

    /// <inheritdoc/>
    public void Remove(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (IGrouping<string, TopicPartition> topic in ByTopic(partitions))
        {
            Find(topic.Key)?.Remove(topic.Select(partition => partition.Partition));
        }
        lock (_gate)
        {
            _given.ExceptWith(partitions);
        }
    }

    /// <inheritdoc/>
    public void Uncommitted(bool doneOnly, List<OffsetToCommit> found)
    {
        lock (_gate)
        {
            foreach (TopicReader reader in _readers.Values)
            {
                reader.Cursors.Uncommitted(doneOnly, found);
            }
        }
    }

    /// <inheritdoc/>
    public void Fail(StreamHouseException error) => queue.Add(new Prefetched(null, null, 0, 0, null, error));

    /// <summary>Ends the subscriptions.</summary>
    public async ValueTask DisposeAsync()
    {
        List<TopicReader> readers;
        lock (_gate)
        {
            _isClosed = true;
            readers = [.. _readers.Values];
        }
        foreach (TopicReader reader in readers)
        {
            await reader.DisposeAsync();
        }
    }

    private static IEnumerable<IGrouping<string, TopicPartition>> ByTopic(IReadOnlyCollection<TopicPartition> partitions) =>
        partitions.GroupBy(partition => partition.Topic, StringComparer.Ordinal);
}
