using System.Globalization;
using System.Text;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Runner;

/// <summary>Says how a seed failed, and how to see it again.</summary>
internal static class FailureReport
{
    private const int LastLines = 40;

    public static string Write(SeedResult result, bool shrink)
    {
        StringBuilder text = new();
        string commit = Environment.GetEnvironmentVariable("STREAMHOUSE_SIM_COMMIT") ?? "unknown";
        text.AppendLine(CultureInfo.InvariantCulture, $"FAILED seed {result.Seed}, scenario {result.Scenario.Name}, commit {commit}, at {result.Virtual}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  {result.Failure!.GetType().Name}: {result.Failure.Message}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  again: STREAMHOUSE_SIM_SEED={result.Seed} ./simulate.sh --scenario {result.Scenario.Name}");
        if (result.Failure is not Checkers.InvariantException)
        {
            text.AppendLine(result.Failure.ToString());
        }
        IReadOnlySet<int> without = shrink ? Shrinker.Shrink(result) : new HashSet<int>();
        text.AppendLine(shrink ? "  faults without which it does not fail:" : "  faults:");
        for (int i = 0; i < result.Faults.Count; i++)
        {
            Fault fault = result.Faults[i];
            if (!without.Contains(i))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"    {fault.At} {fault.What}");
            }
        }
        text.AppendLine("  last events:");
        foreach (string line in result.Last.TakeLast(LastLines))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"    {line}");
        }
        return text.ToString();
    }
}
