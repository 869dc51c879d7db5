using StreamHouse.Broker;
using StreamHouse.Simulation.Runner;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Disk;

namespace StreamHouse.Simulation.Mutations;

/// <summary>Breaks engine and world on purpose: a simulation that does not notice would notice nothing.</summary>
public sealed class MutationTests
{
    /// <summary>Each break, the scenario that shows it, and within how many seeds.</summary>
    public static TheoryData<string, string, int> Breaks => new()
    {
        { nameof(Mutation.AcknowledgeBeforeSync), "single", 5 },
        { nameof(Mutation.RecoverWithoutSync), "single", 20 },
        { nameof(Mutation.SkipTheFence), "cluster", 20 },
        { nameof(Mutation.KeepTheEpoch), "cluster", 5 },
        { nameof(Mutation.ReuseObjectKeys), "single", 5 },
        { nameof(Mutation.DropFailedUpload), "single", 20 },
        { nameof(Mutation.RetryCommitUnderNewId), "single", 40 },
        { nameof(Mutation.TrimBeforeCommit), "single", 5 },
        { nameof(Mutation.CollectYoungOrphan), "single", 60 },
        { nameof(Mutation.CollectWithoutTombstone), "single", 100 },
        { nameof(Mutation.RenewExpiredSession), "cluster", 40 },
        { nameof(EngineBreak.ServeAboveHighWatermark), "single", 20 },
        { nameof(EngineBreak.AnswerDuplicateWithNewOffset), "single", 20 },
        { nameof(EngineBreak.AdvanceSequenceBeforeDurability), "single", 40 },
        { nameof(EngineBreak.SnapshotWithPendingState), "single", 40 },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_break_is_caught_within_its_number_of_seeds(string name, string scenario, int seeds)
    {
        for (ulong seed = 1; seed <= (ulong)seeds; seed++)
        {
            SeedResult result = SeedRun.Run(AllScenarios.Find(scenario)!, seed, breakIt: w => Break(w, name));
            if (result.Failure is not null)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{name}: seed {seed}, {result.Failure.Message}");
                return;
            }
        }
        Assert.Fail($"{name} went unnoticed in {seeds} seeds of scenario '{scenario}'.");
    }

    [Fact]
    public void Every_break_is_tried() =>
        Breaks.Select(b => b.Data.Item1).Order().ShouldBe(
            Enum.GetNames<Mutation>().Concat(Enum.GetNames<EngineBreak>()).Where(n => n != nameof(Mutation.None)).Order());

    private static void Break(SimWorld world, string name)
    {
        if (Enum.TryParse(name, out Mutation mutation))
        {
            world.Mutation = mutation;
        }
        else
        {
            world.Break = Enum.Parse<EngineBreak>(name);
            if (world.Break is EngineBreak.AdvanceSequenceBeforeDurability or EngineBreak.SnapshotWithPendingState)
            {
                // They show when a slice is committed before what was pending is synced: on a slow disk that is not rare.
                world.Disks = new DiskFaults { SyncTime = (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4)) };
            }
        }
    }
}
