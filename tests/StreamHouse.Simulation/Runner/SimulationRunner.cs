using System.Globalization;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Runner;

/// <summary>The command line of <c>simulate.sh</c>.</summary>
internal static class SimulationRunner
{
    public static int Run(string[] args)
    {
        ulong seed = ulong.Parse(args[1], CultureInfo.InvariantCulture);
        ulong last = args.Length > 2 ? ulong.Parse(args[2], CultureInfo.InvariantCulture) : seed;
        int failed = 0;
        for (; seed <= last; seed++)
        {
            using StreamWriter? all = args[0] == "--seed" ? new StreamWriter($"/tmp/sim-{seed}.txt") : null;
            SeedResult r = SeedRun.Run(new SingleNode(), seed, null, all);
            Console.WriteLine($"{seed} {r.Virtual} in {r.Real.TotalMilliseconds:F0} ms ({r.Virtual / r.Real:F0}x) steps {r.Steps} records {r.Records} {r.Hash:x16} {r.Failure?.Message}");
            failed += r.Failure is null ? 0 : 1;
            if (r.Failure is not null && args[0] == "--seed")
            {
                Console.WriteLine(r.Failure);
            }
        }
        return failed;
    }
}
