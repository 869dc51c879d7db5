namespace StreamHouse.Client.Consumers;

/// <summary>Where a consumer is in a partition. Guarded by the lock of its <see cref="PartitionCursors"/>.</summary>
internal sealed class PartitionCursor(int partition, ConsumerStart start)
{
    public int Partition => partition;

    /// <summary>Where to begin, while <see cref="Fetched"/> is not known.</summary>
    public ConsumerStart Start { get; private set; } = start;

    /// <summary>The next offset to ask the server for.</summary>
    public long? Fetched { get; set; }

    /// <summary>The next offset to hand to the user.</summary>
    public long? Position { get; set; }

    /// <summary>What of <see cref="Position"/> is committed.</summary>
    public long? Committed { get; set; }

    /// <summary>The offset after the last record the user is done with: it has asked for the next one.</summary>
    public long? Done { get; private set; }

    public bool IsPaused { get; set; }

    /// <summary>Whether it is being given up: nothing more is read or handed out.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Whether it failed for good, which the user was told, and rests until the user moves it.</summary>
    public bool IsFailed { get; set; }

    /// <summary>Changes with every jump: what was fetched before it is not for the user any more.</summary>
    public int Version { get; private set; }

    public bool IsActive => !IsPaused && !IsFailed && !IsCut;

    /// <summary>Goes elsewhere.</summary>
    public void Jump(ConsumerStart start)
    {
        Start = start;
        IsFailed = false;
        Version++;
        bool isOffset = start.Kind == ConsumerStart.StartKind.Offset;
        Fetched = isOffset ? start.Value : null;
        Position = isOffset ? start.Value : null;
        Done = Position;
    }

    /// <summary>Hands out no more.</summary>
    public void Cut()
    {
        IsCut = true;
        Version++;
    }

    /// <summary>The user is done with what it was given.</summary>
    public void Finish() => Done = Position;

    /// <summary>Forgets what was read ahead.</summary>
    public void Rewind()
    {
        Version++;
        Fetched = Position;
    }

    /// <summary>Goes on elsewhere, after what was read ahead.</summary>
    public void Reset(ConsumerStart start)
    {
        Start = start;
        Fetched = null;
    }

    /// <summary>The start is found.</summary>
    public void Resolve(long offset)
    {
        Fetched = offset;
        Position ??= offset;
        Done ??= offset;
    }
}
