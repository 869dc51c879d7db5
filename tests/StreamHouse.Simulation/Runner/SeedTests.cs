using System.Diagnostics;
using System.Globalization;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Runner;

public sealed class SeedTests
{
    public static TheoryData<string> Scenarios => [.. AllScenarios.Every.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Many_seeds_hold(string scenario)
    {
        StringWriter output = new();
        int status = SimulationRunner.Run(["--scenario", scenario, "--seeds", "1..60", "--jobs", "2", "--no-shrink"], output);
        status.ShouldBe(0, output.ToString());
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task The_same_seed_gives_the_same_trace_in_a_fresh_process(string scenario)
    {
        const ulong seed = 4711;
        StringWriter here = new();
        SeedRun.Run(AllScenarios.Find(scenario)!, seed, null, here);
        string file = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
            foreach (string argument in new[] { "simulate", "--scenario", scenario, "--seeds", seed.ToString(CultureInfo.InvariantCulture), "--trace", file })
            {
                start.ArgumentList.Add(argument);
            }
            using Process other = Process.Start(start)!;
            await other.StandardOutput.ReadToEndAsync();
            await other.WaitForExitAsync();
            string there = await File.ReadAllTextAsync(file);

            there.Length.ShouldBeGreaterThan(10_000);
            there.ShouldBe(here.ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
