namespace StreamHouse.Broker.Lifecycle;

/// <summary>When data is retired and objects are collected.</summary>
public sealed record LifecycleOptions
{
    /// <summary>How often retention is applied; each pause is drawn from 75 % to 125 % of it. More than zero.</summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Manifest rows removed in one transaction: 1 to 100,000.</summary>
    public int PruneRowsMax { get; init; } = 1000;

    /// <summary>Transactions of that kind in one pass: at least 1.</summary>
    public int PruneBatchesMax { get; init; } = 100;

    /// <summary>How often objects whose time has come are deleted; jittered like retention. More than zero.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the object store is searched for objects that nothing refers to. More than zero.</summary>
    public TimeSpan OrphanScanInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Age by the store's clock from which an object without a row is a candidate. At least 2 min: upload and commit may take 90 s.</summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time between an object's tombstone and its deletion: at least 5 min, so that readers with an older manifest are done.</summary>
    public TimeSpan DeleteDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Unreferenced objects examined in one search at most. At least 1.</summary>
    public int OrphansPerScanMax { get; init; } = 10_000;

    /// <summary>Nothing is collected while more than this share of all objects is unreferenced, and more than <see cref="OrphanAlertObjects"/>: 0 to 1.</summary>
    public double OrphanAlertShare { get; init; } = 0.10;

    /// <summary>See <see cref="OrphanAlertShare"/>. 0 or more.</summary>
    public int OrphanAlertObjects { get; init; } = 1000;

    /// <summary>How long a deleted object's tombstone is kept against late commits. At least 1 h.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the setting.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetentionInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CollectInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(OrphanScanInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(PruneRowsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(PruneRowsMax, 100_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(PruneBatchesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(OrphansPerScanMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(OrphanAge, TimeSpan.FromMinutes(2));
        ArgumentOutOfRangeException.ThrowIfLessThan(DeleteDelay, TimeSpan.FromMinutes(5));
        ArgumentOutOfRangeException.ThrowIfLessThan(OrphanAlertShare, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(OrphanAlertShare, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(OrphanAlertObjects);
        ArgumentOutOfRangeException.ThrowIfLessThan(TombstoneRetention, TimeSpan.FromHours(1));
    }
}
