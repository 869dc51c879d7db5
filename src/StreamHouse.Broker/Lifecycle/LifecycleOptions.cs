using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>When data is retired and objects are collected.</summary>
public sealed record LifecycleOptions
{
    /// <summary>How often retention is applied; each pause is drawn from 75 % to 125 % of it. 10 ms to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Manifest rows removed in one transaction: 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int PruneRowsMax { get; init; } = 1000;

    /// <summary>Transactions of that kind in one pass: 1 to 100,000.</summary>
    [Range(1, 100_000)]
    public int PruneBatchesMax { get; init; } = 100;

    /// <summary>How often objects whose time has come are deleted; jittered like retention. 10 ms to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a milestone is set, by which metadata put back from an older copy is known. 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MilestoneInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the object store is searched for objects that nothing refers to. 10 ms to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "30.00:00:00")]
    public TimeSpan OrphanScanInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Age by the store's clock from which an object without a row is a candidate. 2 min to 1 year: upload and commit may take 90 s.</summary>
    [Range(typeof(TimeSpan), "00:02:00", "365.00:00:00")]
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time between an object's tombstone and its deletion, so that readers with an older manifest are done. 5 min to 1 year.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "365.00:00:00")]
    public TimeSpan DeleteDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Unreferenced objects examined in one search at most. Chosen by chance when there are more. 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int OrphansPerScanMax { get; init; } = 10_000;

    /// <summary>Nothing is collected while more than this share of all objects is unreferenced, and more than <see cref="OrphanAlertObjects"/>: 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double OrphanAlertShare { get; init; } = 0.10;

    /// <summary>See <see cref="OrphanAlertShare"/>. 0 or more.</summary>
    [Range(0, int.MaxValue)]
    public int OrphanAlertObjects { get; init; } = 1000;

    /// <summary>How long a deleted object's tombstone is kept against late commits. 1 h to 10 years.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>See <see cref="BrokerOptions.BrokenBy"/>.</summary>
    internal EngineBreak Break { get; init; }
}
