using StreamHouse.Client.Groups;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Consumers;

/// <summary>
/// Which partitions of one topic a consumer reads, and where it is in each. Shared by the user's calls and the topic's reader, under one lock;
/// every change of what is to be read interrupts the reader.
/// </summary>
internal sealed class PartitionCursors(string topic) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, PartitionCursor> _cursors = [];

    // Set when all partitions are read, also those that come later.
    private ConsumerStart? _startOfAll;
    private long? _partitionsKnownAt;
    private CancellationTokenSource _interrupt = new();
    private int _changes;

    public string Topic => topic;

    /// <summary>Cancelled by the next change of what is to be read.</summary>
    public CancellationToken Interrupt
    {
        get
        {
            lock (_gate)
            {
                return _interrupt.Token;
            }
        }
    }

    /// <summary>Reads all partitions, or those named; others are let go.</summary>
    public void Assign(ConsumerStart start, IReadOnlyCollection<int>? partitions) => Change(() =>
    {
        foreach (PartitionCursor cursor in _cursors.Values)
        {
            cursor.Jump(start);
        }
        _cursors.Clear();
        _startOfAll = partitions is null ? start : null;
        _partitionsKnownAt = null;
        foreach (int partition in partitions ?? [])
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Reads further partitions.</summary>
    public void Add(IEnumerable<int> partitions, ConsumerStart start) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Hands out nothing of partitions any more; their positions stay until they are removed.</summary>
    public void Cut(IEnumerable<int> partitions) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            if (_cursors.TryGetValue(partition, out PartitionCursor? cursor))
            {
                cursor.Cut();
            }
        }
    });

    /// <summary>Forgets partitions.</summary>
    public void Remove(IEnumerable<int> partitions) => Change(() =>
    {
        foreach (int partition in partitions)
        {
            _cursors.Remove(partition);
        }
    });

    /// <summary>Whether a partition is read.</summary>
    public bool Has(int partition)
    {
        lock (_gate)
        {
            return _cursors.ContainsKey(partition);
        }
    }

    /// <summary>Goes elsewhere in a partition, which is read from now on if it was not.</summary>
    public void Seek(int partition, ConsumerStart start) => Change(() =>
    {
        if (_cursors.TryGetValue(partition, out PartitionCursor? cursor))
        {
            cursor.Jump(start);
        }
        else
        {
            AddLocked(partition, start);
        }
    });

    /// <summary>Stops or goes on reading partitions; null for all.</summary>
    public void SetPaused(IReadOnlyCollection<int>? partitions, bool isPaused) => Change(() =>
    {
        foreach (PartitionCursor cursor in _cursors.Values)
        {
            if (cursor.IsPaused != isPaused && (partitions is null || partitions.Contains(cursor.Partition)))
            {
                cursor.IsPaused = isPaused;
                cursor.Rewind();
            }
        }
    });

    /// <summary>The next offset the user gets, or null while that is not known.</summary>
    public long? Position(int partition)
    {
        lock (_gate)
        {
            return _cursors.TryGetValue(partition, out PartitionCursor? cursor) ? cursor.Position : null;
        }
    }

    /// <summary>Positions that are not committed yet.</summary>
    /// <param name="doneOnly">Whether what the user has in hand is left out.</param>
    /// <param name="found">Gets them.</param>
    public void Uncommitted(bool doneOnly, List<OffsetToCommit> found)
    {
        lock (_gate)
        {
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if ((doneOnly ? cursor.Done : cursor.Position) is { } position && position != cursor.Committed)
                {
                    found.Add(new OffsetToCommit(new TopicPartition(topic, cursor.Partition), position, offset => cursor.Committed = offset));
                }
            }
        }
    }

    /// <summary>The user has asked for more, and so is done with what it had of a partition.</summary>
    public void Finish(PartitionCursor cursor, long position)
    {
        lock (_gate)
        {
            // Not when it has jumped in between.
            if (cursor.Position == position)
            {
                cursor.Finish();
            }
        }
    }

    /// <summary>Moves the user's position; false when the partition has jumped since, so that the user must not get this.</summary>
    public bool TryAdvance(PartitionCursor cursor, int version, long position)
    {
        lock (_gate)
        {
            if (cursor.Version != version)
            {
                return false;
            }
            cursor.Position = position;
            return true;
        }
    }

    /// <summary>Forgets what was read ahead in a partition.</summary>
    public void Rewind(PartitionCursor cursor) => Change(cursor.Rewind);

    /// <summary>The user has been told of a failure of the topic: it is tried again.</summary>
    public void TryAgain() => Change(static () => { });

    /// <summary>Partitions whose start is not an offset yet.</summary>
    public List<(PartitionCursor Cursor, int Version, ConsumerStart Start)> Unresolved()
    {
        lock (_gate)
        {
            List<(PartitionCursor, int, ConsumerStart)> found = [];
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if (cursor.Fetched is null && !cursor.IsFailed && !cursor.IsCut)
                {
                    found.Add((cursor, cursor.Version, cursor.Start));
                }
            }
            return found;
        }
    }

    /// <summary>The start of a partition is found; nothing happens when it has jumped since.</summary>
    public void TryResolve(PartitionCursor cursor, int version, long offset)
    {
        lock (_gate)
        {
            if (cursor.Version == version)
            {
                cursor.Resolve(offset);
            }
        }
    }

    /// <summary>Whether the topic's partitions are to be looked for, because all are wanted and what is known of them is old.</summary>
    /// <param name="ageMax">How long it is believed.</param>
    /// <param name="clock">Time.</param>
    /// <param name="start">Where those begin that are not read yet.</param>
    public bool MustLook(TimeSpan ageMax, TimeProvider clock, out ConsumerStart start)
    {
        lock (_gate)
        {
            start = default;
            if (_startOfAll is not { } all || (_partitionsKnownAt is { } known && clock.GetElapsedTime(known) < ageMax))
            {
                return false;
            }

            // A partition that is new to a running consumer is read from its beginning: its records came after the consumer did.
            bool isFirst = _partitionsKnownAt is null;
            start = isFirst || all.Kind == ConsumerStart.StartKind.Committed ? all : ConsumerStart.Earliest;
            return true;
        }
    }

    /// <summary>The topic has so many partitions now: those not read yet are from here on.</summary>
    /// <returns>Whether there are new ones.</returns>
    public bool AddMissing(int count, ConsumerStart start, long now)
    {
        lock (_gate)
        {
            bool any = false;
            for (int partition = 0; partition < count; partition++)
            {
                if (!_cursors.ContainsKey(partition))
                {
                    AddLocked(partition, start);
                    any = true;
                }
            }
            _partitionsKnownAt = now;
            return any;
        }
    }

    /// <summary>Adds the partitions to read, with their offsets.</summary>
    /// <param name="request">Gets them.</param>
    /// <returns>The number of the last change, for what the subscription gives.</returns>
    public int Fill(SubscribeRequest request)
    {
        lock (_gate)
        {
            foreach (PartitionCursor cursor in _cursors.Values)
            {
                if (cursor.IsActive && cursor.Fetched is { } offset)
                {
                    request.Partitions.Add(new PartitionStart
                    {
                        Partition = cursor.Partition,
                        Start = new StartPosition { Kind = StartPosition.Types.Kind.Offset, Offset = offset },
                    });
                }
            }
            return _changes;
        }
    }

    /// <summary>Whether a subscription that <see cref="Fill"/> made still gives what is wanted.</summary>
    public bool IsCurrent(int changes)
    {
        lock (_gate)
        {
            return changes == _changes;
        }
    }

    /// <summary>Moves a partition past what a subscription delivered of it.</summary>
    /// <returns>Null when nothing of it is wanted.</returns>
    public Taken? TryTake(int partition, int changes, long nextOffset)
    {
        lock (_gate)
        {
            if (FindLocked(partition, changes) is not { } taken || nextOffset <= taken.From)
            {
                return null;
            }
            taken.Cursor.Fetched = nextOffset;
            return taken;
        }
    }

    /// <summary>A partition could not be read on where it was.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="changes">What <see cref="Fill"/> returned for the subscription.</param>
    /// <param name="reset">Where it goes on, or null.</param>
    /// <param name="rests">Whether it then rests until the user moves it; otherwise it is tried again.</param>
    /// <returns>Null when the user has changed what is read since.</returns>
    public Taken? TryFail(int partition, int changes, ConsumerStart? reset, bool rests)
    {
        lock (_gate)
        {
            if (FindLocked(partition, changes) is not { } failed)
            {
                return null;
            }
            if (reset is { } start)
            {
                failed.Cursor.Reset(start);
            }
            failed.Cursor.IsFailed = rests;
            return failed;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _interrupt.Dispose();

    private Taken? FindLocked(int partition, int changes) =>
        changes == _changes && _cursors.TryGetValue(partition, out PartitionCursor? cursor) && cursor.Fetched is { } from
            ? new Taken(cursor, cursor.Version, from)
            : null;

    private void AddLocked(int partition, ConsumerStart start)
    {
        PartitionCursor cursor = new(partition, start);
        cursor.Jump(start);
        _cursors.Add(partition, cursor);
    }

    private void Change(Action change)
    {
        CancellationTokenSource interrupted;
        lock (_gate)
        {
            change();
            _changes++;
            interrupted = _interrupt;
            _interrupt = new CancellationTokenSource();
        }
        interrupted.Cancel();
    }

    /// <summary>A partition as a message of its subscription found it.</summary>
    /// <param name="Cursor">The partition.</param>
    /// <param name="Version">Its version then.</param>
    /// <param name="From">The offset that was read from.</param>
    public readonly record struct Taken(PartitionCursor Cursor, int Version, long From);
}
