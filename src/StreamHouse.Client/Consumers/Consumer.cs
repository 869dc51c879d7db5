using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Transport;
using StreamHouse.Records;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Reads records of the partitions assigned to it, in order per partition, each once, through broken connections and restarts of the server. Enumerate it
/// record by record, or with <see cref="ReadBatchesAsync"/> for speed; one enumeration at a time. Everything else may be called at any time.
/// </summary>
public sealed class Consumer : IAsyncEnumerable<ConsumedRecord>, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, TopicReader> _readers = new(StringComparer.Ordinal);
    private readonly IClientTransport _transport;
    private readonly Admin _admin;
    private readonly ConsumerOptions _options;
    private readonly PrefetchQueue _queue;
    private readonly RecordBatchReader _batchReader;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly ILogger _log;

    // Records of a message whose enumeration was left before its end.
    private readonly Queue<ConsumedRecord> _unread = new();
    private Prefetched? _unreadOf;
    private int _isReading;
    private bool _isClosed;

    internal Consumer(IClientTransport transport, Admin admin, ConsumerOptions options, TimeProvider clock, Random random, ILogger log)
    {
        options.Validate();
        _transport = transport;
        _admin = admin;
        _options = options;
        _clock = clock;
        _random = random;
        _log = log;
        _queue = new PrefetchQueue(options.PrefetchBytesMax);
        _batchReader = new RecordBatchReader(options.DecompressedBytesMax);
    }

    /// <summary>Bytes read ahead.</summary>
    public long PrefetchedBytes => _queue.Bytes;

    /// <summary>
    /// Reads a topic, beside those assigned before; assigning a topic again starts it anew. Failures show in the enumeration.
    /// </summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="partitions">Which partitions; null for all, also those that are added later, which are read from their beginning.</param>
    public void Assign(string topic, ConsumerStart start, IReadOnlyCollection<int>? partitions = null)
    {
        ArgumentNullException.ThrowIfNull(topic);
        bool isNew;
        TopicReader? reader;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            isNew = !_readers.TryGetValue(topic, out reader);
            if (isNew)
            {
                reader = new TopicReader(topic, _transport, _admin, _options, _queue, _clock, _random, _log);
                _readers.Add(topic, reader);
            }
        }
        reader!.Assign(start, partitions);
        if (isNew)
        {
            reader.Start();
        }
    }

    /// <summary>Goes elsewhere in a partition of an assigned topic: the next record comes from there.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned.</exception>
    public void Seek(string topic, int partition, ConsumerStart start) => Reader(topic).Seek(partition, start);

    /// <summary>Stops reading partitions, null for all, until <see cref="Resume"/>; the position stays.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned.</exception>
    public void Pause(string topic, IReadOnlyCollection<int>? partitions = null) => Reader(topic).SetPaused(partitions, isPaused: true);

    /// <summary>Goes on reading partitions, null for all.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned.</exception>
    public void Resume(string topic, IReadOnlyCollection<int>? partitions = null) => Reader(topic).SetPaused(partitions, isPaused: false);

    /// <summary>
    /// The offset after the last record handed out, where reading goes on; null while the start is not found yet or the partition is not assigned.
    /// </summary>
    public long? Position(string topic, int partition)
    {
        lock (_gate)
        {
            return _readers.TryGetValue(topic, out TopicReader? reader) ? reader.Position(partition) : null;
        }
    }

    /// <summary>Commits the positions of all partitions under <see cref="ConsumerOptions.Group"/>; durable when the task ends.</summary>
    /// <exception cref="InvalidOperationException">No group is set.</exception>
    /// <exception cref="StreamHouseException">The commit failed.</exception>
    public async Task CommitAsync(CancellationToken ct = default)
    {
        string group = _options.Group ?? throw new InvalidOperationException($"Set {nameof(ConsumerOptions)}.{nameof(ConsumerOptions.Group)} to commit.");
        List<GroupOffset> offsets = [];
        List<(PartitionCursor Cursor, long Position)> positions = [];
        lock (_gate)
        {
            foreach ((string topic, TopicReader reader) in _readers)
            {
                int before = positions.Count;
                reader.Uncommitted(positions);
                for (int i = before; i < positions.Count; i++)
                {
                    offsets.Add(new GroupOffset(topic, positions[i].Cursor.Partition, positions[i].Position));
                }
            }
        }
        if (offsets.Count == 0)
        {
            return;
        }
        await _admin.CommitGroupOffsetsAsync(group, offsets, ct);
        foreach ((PartitionCursor cursor, long position) in positions)
        {
            cursor.Committed = position;
        }
    }

    /// <summary>
    /// Hands out records message by message, without a copy: a batch is valid until the next is asked for. It waits for records for ever; cancel to end it.
    /// A position moves when the batch is handed out.
    /// </summary>
    /// <exception cref="StreamHouseException">Reading failed for good in a topic or partition. The enumeration may be begun again for the others.</exception>
    /// <exception cref="InvalidOperationException">There is another enumeration.</exception>
    public async IAsyncEnumerable<ConsumedBatch> ReadBatchesAsync([EnumeratorCancellation] CancellationToken ct = default)
    {
        Enter();
        try
        {
            if (_unreadOf is { } left)
            {
                // Its records were handed out one by one up to the position: the rest comes again as a batch.
                ForgetUnread();
                left.Reader.Rewind(left.Cursor!);
            }
            while (true)
            {
                Prefetched item = await NextAsync(ct);
                try
                {
                    if (item.Reader.TryAdvance(item.Cursor!, item.Version, item.Delivery!.NextOffset))
                    {
                        yield return new ConsumedBatch(item.Reader.Topic, item, _batchReader);
                    }
                }
                finally
                {
                    item.Delivery!.Dispose();
                    _queue.Release(item);
                }
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Hands out records one by one, each with its own memory. See <see cref="ReadBatchesAsync"/>; a position moves with every record.</summary>
    public async IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        Enter();
        try
        {
            while (true)
            {
                while (_unread.TryDequeue(out ConsumedRecord? record))
                {
                    Prefetched of = _unreadOf!;
                    long next = _unread.Count == 0 ? of.Delivery!.NextOffset : record.Offset + 1;
                    if (!of.Reader.TryAdvance(of.Cursor!, of.Version, next))
                    {
                        ForgetUnread();
                        break;
                    }
                    if (_unread.Count == 0)
                    {
                        _unreadOf = null;
                    }
                    yield return record;
                }
                await FillUnreadAsync(cancellationToken);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends the subscriptions. Positions are not committed.</summary>
    public async ValueTask DisposeAsync()
    {
        List<TopicReader> readers;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }
            _isClosed = true;
            readers = [.. _readers.Values];
        }
        foreach (TopicReader reader in readers)
        {
            await reader.DisposeAsync();
        }
        _queue.Complete();
        if (Interlocked.Exchange(ref _isReading, 1) == 0)
        {
            _batchReader.Dispose();
        }
    }

    private async Task FillUnreadAsync(CancellationToken ct)
    {
        Prefetched item = await NextAsync(ct);
        try
        {
            ConsumedBatch batch = new(item.Reader.Topic, item, _batchReader);
            foreach (ref readonly Record record in batch)
            {
                _unread.Enqueue(new ConsumedRecord(batch.Topic, batch.Partition, record));
            }
            _unreadOf = _unread.Count > 0 ? item : null;
            if (_unread.Count == 0)
            {
                item.Reader.TryAdvance(item.Cursor!, item.Version, item.Delivery!.NextOffset);
            }
        }
        catch
        {
            ForgetUnread();
            throw;
        }
        finally
        {
            item.Delivery!.Dispose();
            _queue.Release(item);
        }
    }

    /// <summary>The next message that is still wanted.</summary>
    private async ValueTask<Prefetched> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            if (!_queue.Reader.TryRead(out Prefetched? item))
            {
                ObjectDisposedException.ThrowIf(!await _queue.Reader.WaitToReadAsync(ct), this);
                continue;
            }
            ct.ThrowIfCancellationRequested();
            if (item.Error is { } error)
            {
                if (item.Cursor is null)
                {
                    item.Reader.TryAgain();
                }
                throw error;
            }
            return item;
        }
    }

    private void ForgetUnread()
    {
        _unread.Clear();
        _unreadOf = null;
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
        {
            throw new InvalidOperationException("The consumer is being enumerated already.");
        }
    }

    private void Leave() => Volatile.Write(ref _isReading, 0);

    private TopicReader Reader(string topic)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            return _readers.TryGetValue(topic, out TopicReader? reader)
                ? reader
                : throw new InvalidOperationException($"{topic} is not assigned to this consumer.");
        }
    }
}
