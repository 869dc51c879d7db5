namespace StreamHouse.Simulation.Runner;

/// <summary>Leaves out fault after fault as long as a seed still fails in the same way.</summary>
internal static class Shrinker
{
    private const int RunsMax = 60;

    /// <summary>Numbers of the faults that can be left out.</summary>
    public static IReadOnlySet<int> Shrink(SeedResult failed)
    {
        HashSet<int> without = [];
        int runs = 0;
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = failed.Faults.Count - 1; i >= 0 && runs < RunsMax; i--)
            {
                if (without.Contains(i))
                {
                    continue;
                }
                without.Add(i);
                runs++;
                if (SameFailure(SeedRun.Run(failed.Scenario, failed.Seed, without), failed))
                {
                    changed = true;
                }
                else
                {
                    without.Remove(i);
                }
            }
        }
        return without;
    }

    // The same kind; its numbers may be others.
    private static bool SameFailure(SeedResult run, SeedResult failed) => run.Failure?.GetType() == failed.Failure!.GetType();
}
