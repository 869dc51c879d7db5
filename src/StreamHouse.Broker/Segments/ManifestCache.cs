using System.ComponentModel.DataAnnotations;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Pages of the manifest for the partitions read most recently. Rows never change, so a cached one is wrong only when it has been
/// removed: a reader that finds its object gone calls <see cref="Forget"/> and asks again.
/// </summary>
internal sealed class ManifestCache(IManifestStore store, ManifestCacheOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, LinkedListNode<Page>> _pages = [];
    private readonly LinkedList<Page> _recent = [];

    /// <summary>The slice that holds <paramref name="offset"/>, or the first one after it; null when there is none.</summary>
    public async ValueTask<SegmentRow?> FindAsync(TopicPartition partition, long offset, CancellationToken ct)
    {
        lock (_lock)
        {
            if (_pages.TryGetValue(partition, out LinkedListNode<Page>? node) && node.Value.Find(offset) is { } cached)
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return cached;
            }
        }
        IReadOnlyList<SegmentRow> rows = await store.ListSegmentsAsync(partition, offset, options.RowsPerPage, ct);
        if (rows.Count == 0)
        {
            return null;
        }
        lock (_lock)
        {
            Remove(partition);
            _pages[partition] = _recent.AddFirst(new Page(partition, rows));
            if (_pages.Count > options.PagesMax)
            {
                Remove(_recent.Last!.Value.Partition);
            }
        }
        return rows[0];
    }

    /// <summary>Drops what is cached of a partition.</summary>
    public void Forget(TopicPartition partition)
    {
        lock (_lock)
        {
            Remove(partition);
        }
    }

    private void Remove(TopicPartition partition)
    {
        if (_pages.Remove(partition, out LinkedListNode<Page>? node))
        {
            _recent.Remove(node);
        }
    }

    private sealed record Page(TopicPartition Partition, IReadOnlyList<SegmentRow> Rows)
    {
        public SegmentRow? Find(long offset)
        {
            if (offset < Rows[0].BaseOffset || offset >= Rows[^1].EndOffset)
            {
                return null;
            }
            int low = 0;
            int high = Rows.Count - 1;
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (Rows[middle].EndOffset <= offset)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
            return Rows[low];
        }
    }
}

/// <summary>Limits of the cached manifest pages; a row takes about 250 bytes.</summary>
public sealed record ManifestCacheOptions
{
    /// <summary>Rows read and kept per partition. 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int RowsPerPage { get; init; } = 128;

    /// <summary>Partitions whose rows are kept. 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int PagesMax { get; init; } = 512;
}
