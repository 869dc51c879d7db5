using StreamHouse.Broker;
using StreamHouse.Simulation.Runner;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Mutations;

/// <summary>Breaks engine and world on purpose: a simulation that does not notice would notice nothing.</summary>
public sealed class MutationTests
{
    /// <summary>Each break's name, what it does wrong, and within how many seeds it must be caught.</summary>
    public static TheoryData<string, string, int> Breaks
    {
        get
        {
            TheoryData<string, string, int> data = [];
            foreach (DeliberateBreak one in DeliberateBreak.All)
            {
                data.Add(one.Name, one.Rule, one.SeedsMax);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_break_is_caught_within_its_number_of_seeds(string name, string rule, int seedsMax)
    {
        DeliberateBreak broken = DeliberateBreak.Find(name)!;
        for (ulong seed = 1; seed <= (ulong)seedsMax; seed++)
        {
            SeedResult result = SeedRun.Run(AllScenarios.Find(broken.Scenario)!, seed, breakIt: broken.Apply);
            if (result.Failure is not null)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{name}: seed {seed} of at most {seedsMax}, {result.Failure.Message}");
                return;
            }
        }
        Assert.Fail($"{name} ({rule}) went unnoticed in {seedsMax} seeds of scenario '{broken.Scenario}'.");
    }

    [Fact]
    public void Every_break_is_tried() =>
        DeliberateBreak.All.Select(b => b.Name).Order().ShouldBe(
            Enum.GetNames<Mutation>().Concat(Enum.GetNames<EngineBreak>()).Where(n => n != nameof(Mutation.None)).Distinct().Order());
}
