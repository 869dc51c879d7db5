using StreamHouse.Broker;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Disk;

namespace StreamHouse.Simulation.Mutations;

/// <summary>One rule broken on purpose.</summary>
/// <param name="Name">The break's name.</param>
/// <param name="Rule">What is done wrong.</param>
/// <param name="Scenario">Where it shows.</param>
/// <param name="SeedsMax">It must be caught by one of seeds 1 to this.</param>
/// <param name="Apply">Breaks a world before anything starts in it.</param>
internal sealed record DeliberateBreak(string Name, string Rule, string Scenario, int SeedsMax, Action<SimWorld> Apply)
{
    private static readonly (TimeSpan, TimeSpan) SlowSync = (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4));

    public static IReadOnlyList<DeliberateBreak> All { get; } =
    [
        Engine(EngineBreak.AcknowledgeBeforeSync, "ack before fsync", "single", 30),
        Store(Mutation.SkipTheFence, "skip the fence", "cluster", 5),
        Engine(EngineBreak.ReuseObjectKey, "reuse an object key", "single", 40),
        Engine(EngineBreak.AdvanceSequenceBeforeDurability, "advance the sequence before durability", "single", 40),
        Engine(EngineBreak.DropFailedUpload, "drop the batch of a failed upload", "single", 20),
        Engine(EngineBreak.RetryCommitUnderNewId, "retry an unknown commit under a new id", "single", 80),
        Engine(EngineBreak.ServeAboveHighWatermark, "serve above the high watermark", "single", 20),
        Engine(EngineBreak.CollectYoungOrphan, "collect a young orphan", "single", 40),
        Store(Mutation.RenewExpiredSession, "renew an expired session", "cluster", 20),
        Engine(EngineBreak.TrimBeforeCommit, "trim before commit", "single", 40),
        Engine(EngineBreak.AnswerDuplicateWithNewOffset, "answer a duplicate with a new offset", "single", 20),
        Engine(EngineBreak.LoseGroupCommit, "lose a group commit on restart", "single", 60),
        Engine(EngineBreak.RecoverWithoutSync, "recovery without fsync", "single", 20),
        Engine(EngineBreak.CommitAfterFencedSlice, "a later upload commits after a fenced slice", "cluster", 10, w => w.Mutation = Mutation.CommitAfterFencedSlice),
        Engine(EngineBreak.SnapshotWithPendingState, "a snapshot with pending state", "single", 40, SlowDisks),
        Engine(EngineBreak.CutBelowDurable, "a cut below the durable mark", "single", 20),
        Engine(EngineBreak.CollectWithoutTombstone, "collection without a tombstone", "single", 100),
        Engine(EngineBreak.SkipTheReadBarrier, "skip the read barrier", "cluster", 80),
        Store(Mutation.KeepTheEpoch, "take a lease without a new epoch", "cluster", 5),
        Engine(EngineBreak.AcknowledgeUnsequenced, "acknowledge with acks=1 what was not sequenced", "single", 40),
        Engine(EngineBreak.TakeDamageForTornEnd, "take damage for a torn end", "proven bit flips", 5),
        Engine(EngineBreak.TakeTornEndForDamage, "take a torn end for damage", "unsynced bit flips", 5),
        Store(Mutation.KeepLeasesOfDeletedTopic, "commit to a deleted topic", "cluster", 100),
        Store(Mutation.KeepObjectsOfDeletedTopic, "keep the objects of deleted topics", "cluster", 40),
    ];

    public static DeliberateBreak? Find(string name) => All.FirstOrDefault(b => b.Name == name);

    public override string ToString() => Name;

    private static DeliberateBreak Engine(EngineBreak what, string rule, string scenario, int seedsMax, Action<SimWorld>? also = null) =>
        new(what.ToString(), rule, scenario, seedsMax, world =>
        {
            world.Break = what;
            also?.Invoke(world);
        });

    private static DeliberateBreak Store(Mutation what, string rule, string scenario, int seedsMax) =>
        new(what.ToString(), rule, scenario, seedsMax, world => world.Mutation = what);

    // Where a slice is often committed before what was pending is synced.
    private static void SlowDisks(SimWorld world) => world.Disks = new DiskFaults { SyncTime = SlowSync };
}
