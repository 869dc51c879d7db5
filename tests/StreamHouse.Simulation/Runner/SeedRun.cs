using System.Diagnostics;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Runner;

/// <summary>Runs one seed of one scenario from nothing.</summary>
internal static class SeedRun
{
    private const long StepsMax = 20_000_000;

    private static readonly TimeSpan TimeMax = TimeSpan.FromHours(2);

    /// <summary>Runs it to its end or its first failure.</summary>
    /// <param name="withoutFaults">Numbers of faults to leave out.</param>
    /// <param name="everything">Receives the whole trace, when given.</param>
    /// <param name="breakIt">Breaks the world before anything starts, when given.</param>
    public static SeedResult Run(
        Scenario scenario, ulong seed, IReadOnlySet<int>? withoutFaults = null, TextWriter? everything = null, Action<SimWorld>? breakIt = null)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan before = ThreadTime.Now;
        SimKernel kernel = new(seed, everything);
        SimRun? run = null;
        Exception? failure = null;
        try
        {
            kernel.Run(async () =>
            {
                await using SimWorld world = await SimWorld.CreateAsync(kernel);
                breakIt?.Invoke(world);
                run = new SimRun(world, kernel.Random.Fork(), withoutFaults ?? new HashSet<int>());
                await scenario.RunAsync(run);
            }, StepsMax, TimeMax);
        }
        catch (Exception e)
        {
            failure = e;
        }
        kernel.Trace.Add("kernel", $"ended after {kernel.Steps} steps");
        return new SeedResult(
            scenario, seed, failure, kernel.Now, run?.Idle ?? default, Stopwatch.GetElapsedTime(started), ThreadTime.Now - before, kernel.Steps, run?.Model.Records ?? 0, kernel.Trace.Hash, run?.Faults ?? [],
            [.. kernel.Trace.Last]);
    }
}

/// <summary>How a seed's run ended.</summary>
/// <param name="Scenario">What was run.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Failure">Null when everything held.</param>
/// <param name="Virtual">Virtual time passed.</param>
/// <param name="Idle">Of it, time in which nothing was done but to wait for the collector.</param>
/// <param name="Real">Real time passed.</param>
/// <param name="Processor">Processor time of the thread that ran it.</param>
/// <param name="Steps">Pieces of work run.</param>
/// <param name="Records">Records known at the end.</param>
/// <param name="Hash">Hash of the whole trace.</param>
/// <param name="Faults">What went wrong by plan.</param>
/// <param name="Last">The trace's last lines.</param>
internal sealed record SeedResult(
    Scenario Scenario, ulong Seed, Exception? Failure, TimeSpan Virtual, TimeSpan Idle, TimeSpan Real, TimeSpan Processor, long Steps, long Records, ulong Hash, IReadOnlyList<Fault> Faults,
    IReadOnlyList<string> Last);
