using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups;
using StreamHouse.Client.Transport;
using StreamHouse.Records;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Reads records in order per partition, each once, through broken connections and restarts of the server: of the partitions assigned to it by hand
/// (<see cref="Assign"/>), or of those its group gives it (<see cref="Subscribe"/>). Enumerate it record by record, or with <see cref="ReadBatchesAsync"/>
/// for speed; one enumeration at a time. Everything else may be called at any time.
/// </summary>
public sealed class Consumer : IAsyncEnumerable<ConsumedRecord>, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly DeliveryGate _hand = new();
    private readonly IClientTransport _transport;
    private readonly Admin _admin;
    private readonly ConsumerOptions _options;
    private readonly TopicReaders _readers;
    private readonly PrefetchQueue _queue;
    private readonly RecordBatchReader _batchReader;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly ILogger _log;

    // Records of a message whose enumeration was left before its end.
    private readonly Queue<ConsumedRecord> _unread = new();
    private Prefetched? _unreadOf;
    private volatile GroupMember? _member;
    private bool _isAssigned;
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
        _readers = new TopicReaders(transport, admin, options, _queue, clock, random, log);
    }

    /// <summary>Bytes read ahead.</summary>
    public long PrefetchedBytes => _queue.Bytes;

    /// <summary>The partitions the group has given this consumer, in order.</summary>
    public IReadOnlyList<TopicPartition> Assignment => _readers.Given;

    /// <summary>What the server calls this member of the group; null while it is none.</summary>
    public string? MemberId => _member?.MemberId;

    /// <summary>
    /// Joins <see cref="ConsumerOptions.Group"/>, which shares the partitions of these topics among its members: each begins at the offset committed for
    /// it, else where <see cref="ConsumerOptions.OffsetReset"/> says. Called again it changes the topics. A topic that does not exist is waited for.
    /// Failures show in the enumeration.
    /// </summary>
    /// <param name="topics">Names of topics, at least one.</param>
    /// <param name="listener">Is told when partitions come and go; null for nobody.</param>
    /// <exception cref="InvalidOperationException">No group is set, or partitions have been assigned by hand.</exception>
    public void Subscribe(IReadOnlyCollection<string> topics, IRebalanceListener? listener = null)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentOutOfRangeException.ThrowIfZero(topics.Count, nameof(topics));
        string group = _options.Group ?? throw new InvalidOperationException($"Set {nameof(ConsumerOptions)}.{nameof(ConsumerOptions.Group)} to subscribe.");
        string[] distinct = [.. topics.Distinct(StringComparer.Ordinal)];
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_isAssigned)
            {
                throw new InvalidOperationException("Partitions have been assigned to this consumer by hand.");
            }
            if (_member is { } already)
            {
                already.Subscribe(distinct, listener);
                return;
            }
            _member = new GroupMember(group, _transport, _admin, _options, _readers, _hand, _clock, _random, _log);
        }
        _member.Subscribe(distinct, listener);
        _member.Start();
    }

    /// <summary>
    /// Reads a topic, beside those assigned before; assigning a topic again starts it anew. Failures show in the enumeration.
    /// </summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="partitions">Which partitions; null for all, also those that are added later, which are read from their beginning.</param>
    /// <exception cref="InvalidOperationException">The consumer has subscribed: its group assigns.</exception>
    public void Assign(string topic, ConsumerStart start, IReadOnlyCollection<int>? partitions = null)
    {
        ArgumentNullException.ThrowIfNull(topic);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_member is not null)
            {
                throw new InvalidOperationException("The consumer has subscribed: its group assigns partitions.");
            }
            _isAssigned = true;
        }
        _readers.Change(topic, cursors => cursors.Assign(start, partitions));
    }

    /// <summary>Goes elsewhere in a partition of an assigned topic: the next record comes from there.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned, or the group has not given this consumer the partition.</exception>
    public void Seek(string topic, int partition, ConsumerStart start)
    {
        PartitionCursors cursors = CursorsOf(topic);
        if (_member is not null && !cursors.Has(partition))
        {
            throw new InvalidOperationException($"{topic}/{partition} is not this consumer's.");
        }
        cursors.Seek(partition, start);
    }

    /// <summary>Stops reading partitions, null for all, until <see cref="Resume"/>; the position stays.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned.</exception>
    public void Pause(string topic, IReadOnlyCollection<int>? partitions = null) => CursorsOf(topic).SetPaused(partitions, isPaused: true);

    /// <summary>Goes on reading partitions, null for all.</summary>
    /// <exception cref="InvalidOperationException">The topic is not assigned.</exception>
    public void Resume(string topic, IReadOnlyCollection<int>? partitions = null) => CursorsOf(topic).SetPaused(partitions, isPaused: false);

    /// <summary>
    /// The offset after the last record handed out, where reading goes on; null while the start is not found yet or the partition is not assigned.
    /// </summary>
    public long? Position(string topic, int partition) => _readers.Find(topic)?.Position(partition);

    /// <summary>
    /// Commits the positions of all partitions under <see cref="ConsumerOptions.Group"/>, records just handed out included; durable when the task ends.
    /// </summary>
    /// <exception cref="InvalidOperationException">No group is set.</exception>
    /// <exception cref="StreamHouseException">
    /// The commit failed; <see cref="StreamHouseErrorCode.UnknownMember"/> and <see cref="StreamHouseErrorCode.IllegalGeneration"/> tell that the partitions
    /// are somebody else's by now, who reads again what is not committed.
    /// </exception>
    public async Task CommitAsync(CancellationToken ct = default)
    {
        string group = _options.Group ?? throw new InvalidOperationException($"Set {nameof(ConsumerOptions)}.{nameof(ConsumerOptions.Group)} to commit.");
        if (_member is { } member)
        {
            await member.CommitAsync(ct);
            return;
        }
        List<OffsetToCommit> offsets = [];
        _readers.Uncommitted(doneOnly: false, offsets);
        if (offsets.Count == 0)
        {
            return;
        }
        await _admin.CommitGroupOffsetsAsync(
            group, offsets.Select(offset => new GroupOffset(offset.Partition.Topic, offset.Partition.Partition, offset.Offset)), ct);
        foreach (OffsetToCommit offset in offsets)
        {
            offset.OnCommitted(offset.Offset);
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
                left.Cursors!.Rewind(left.Cursor!);
            }
            while (true)
            {
                Prefetched item = await NextAsync(ct);
                PartitionCursors cursors = item.Cursors!;
                bool isInHand = false;
                try
                {
                    await _hand.EnterAsync(ct);
                    isInHand = true;
                    if (cursors.TryAdvance(item.Cursor!, item.Version, item.Delivery!.NextOffset))
                    {
                        _hand.OnHanded();
                        yield return new ConsumedBatch(cursors.Topic, item, _batchReader);

                        // Only who asks for the next one gets here: the batch is done with.
                        cursors.Finish(item.Cursor!, item.Delivery.NextOffset);
                    }
                }
                finally
                {
                    if (isInHand)
                    {
                        _hand.Exit();
                    }
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
                while (_unread.TryPeek(out ConsumedRecord? record))
                {
                    await _hand.EnterAsync(cancellationToken);
                    try
                    {
                        Prefetched of = _unreadOf!;
                        _unread.Dequeue();
                        long next = _unread.Count == 0 ? of.Delivery!.NextOffset : record.Offset + 1;
                        if (!of.Cursors!.TryAdvance(of.Cursor!, of.Version, next))
                        {
                            ForgetUnread();
                            break;
                        }
                        if (_unread.Count == 0)
                        {
                            _unreadOf = null;
                        }
                        _hand.OnHanded();
                        yield return record;
                        of.Cursors.Finish(of.Cursor!, next);
                    }
                    finally
                    {
                        _hand.Exit();
                    }
                }
                await FillUnreadAsync(cancellationToken);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Ends the subscriptions. A member of a group gives up its partitions, commits what is done when that is automatic, and leaves; otherwise positions
    /// are not committed.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        GroupMember? member;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }
            _isClosed = true;
            member = _member;
        }
        if (member is not null)
        {
            await member.DisposeAsync();
        }
        await _readers.DisposeAsync();
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
            ConsumedBatch batch = new(item.Cursors!.Topic, item, _batchReader);
            foreach (ref readonly Record record in batch)
            {
                _unread.Enqueue(new ConsumedRecord(batch.Topic, batch.Partition, record));
            }
            _unreadOf = _unread.Count > 0 ? item : null;
            if (_unread.Count == 0)
            {
                item.Cursors.TryAdvance(item.Cursor!, item.Version, item.Delivery!.NextOffset);
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
                await WaitAsync(ct);
                continue;
            }
            ct.ThrowIfCancellationRequested();
            if (item.Error is not { } error)
            {
                return item;
            }
            if (item.Cursors is null)
            {
                _member?.TryAgain();
            }
            else if (item.Cursor is null)
            {
                item.Cursors.TryAgain();
            }
            throw error;
        }
    }

    private async ValueTask WaitAsync(CancellationToken ct)
    {
        _hand.SetAsking(true);
        try
        {
            ObjectDisposedException.ThrowIf(!await _queue.Reader.WaitToReadAsync(ct), this);
        }
        finally
        {
            _hand.SetAsking(false);
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

    private PartitionCursors CursorsOf(string topic)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return _readers.Find(topic) ?? throw new InvalidOperationException($"{topic} is not assigned to this consumer.");
    }
}
