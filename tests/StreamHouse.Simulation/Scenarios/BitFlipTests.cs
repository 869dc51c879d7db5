using StreamHouse.Simulation.Runner;

namespace StreamHouse.Simulation.Scenarios;

/// <summary>What the node log's recovery makes of a wrong bit, over many seeds each.</summary>
public sealed class BitFlipTests
{
    private const int Seeds = 20;

    [Fact]
    public void A_bit_flipped_in_what_was_never_synced_is_cut_off_and_nothing_acknowledged_is_lost()
    {
        UnsyncedBitFlips flips = new();
        Run(flips);
        flips.Flips.ShouldBeGreaterThan(Seeds * 2);
    }

    [Fact]
    public void A_bit_flipped_in_what_was_synced_refuses_the_start_until_it_is_put_right()
    {
        ProvenBitFlips flips = new();
        Run(flips);
        flips.Refusals.ShouldBeGreaterThan(Seeds, $"{flips.Flips} flips");
    }

    private static void Run(Scenario scenario)
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SeedResult result = SeedRun.Run(scenario, seed);
            result.Failure.ShouldBeNull($"{scenario.Name}, seed {seed}:\n{string.Join('\n', result.Last)}");
        }
    }
}
