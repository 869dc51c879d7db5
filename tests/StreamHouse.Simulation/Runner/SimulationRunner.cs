using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Runner;

/// <summary>The command behind <c>simulate.sh</c>: runs seeds, several at a time, each on a thread and in a world of its own.</summary>
internal sealed class SimulationRunner(RunnerOptions options, TextWriter output)
{
    private readonly Lock _lock = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private ulong _next = options.First;
    private readonly Dictionary<string, ScenarioTotal> _totals = options.Scenarios.ToDictionary(s => s.Name, _ => new ScenarioTotal());
    private int _ran;
    private int _failed;

    /// <summary>Runs what the command line asks for.</summary>
    /// <returns>0 when everything held, 1 when something did not, 2 when the command line makes no sense.</returns>
    public static int Run(ReadOnlySpan<string> args, TextWriter output)
    {
        if (RunnerOptions.Parse(args) is not { } options)
        {
            output.WriteLine(RunnerOptions.Usage);
            return 2;
        }
        return new SimulationRunner(options, output).Run();
    }

    private int Run()
    {
        Thread[] threads = new Thread[options.Jobs];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work);
            threads[i].Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        foreach ((string scenario, ScenarioTotal total) in _totals)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{scenario}: {total}"));
        }
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"took {Stopwatch.GetElapsedTime(_started).TotalMinutes:F2} minutes, {Environment.CpuUsage.TotalTime.TotalMinutes:F2} of processor time, {JitInfo.GetCompilationTime().TotalMinutes:F2} compiling, {GC.GetTotalPauseDuration().TotalMinutes:F2} collecting garbage"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_ran - _failed} passed, {_failed} failed"));
        return _failed == 0 && _ran > 0 ? 0 : 1;
    }

    private void Work()
    {
        while (TakeSeed() is { } seed)
        {
            foreach (Scenario scenario in options.Scenarios)
            {
                using StreamWriter? trace = options.TraceFile is { } file ? new StreamWriter(file) : null;
                SeedResult result = SeedRun.Run(scenario, seed, null, trace, options.Break?.Apply);
                string? report = result.Failure is null ? null : FailureReport.Write(result, options.Shrink && options.Break is null);
                lock (_lock)
                {
                    Count(result, report);
                }
            }
        }
    }

    private ulong? TakeSeed()
    {
        lock (_lock)
        {
            return _next <= options.Last && Stopwatch.GetElapsedTime(_started) < options.TimeMax ? _next++ : null;
        }
    }

    private void Count(SeedResult result, string? report)
    {
        _ran++;
        _totals[result.Scenario.Name].Add(result);
        if (report is not null)
        {
            _failed++;
            output.WriteLine(report);
        }
        else if (options.First == options.Last)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Scenario.Name} {result.Seed}: {result.Virtual} in {result.Real.TotalMilliseconds:F0} ms, {result.Steps} steps, {result.Records} records, trace {result.Hash:x16}"));
        }
    }
}

/// <summary>What the runs of one scenario amount to.</summary>
internal sealed class ScenarioTotal
{
    private int _runs;
    private long _records;
    private long _steps;
    private TimeSpan _virtual;
    private TimeSpan _idle;
    private TimeSpan _real;
    private TimeSpan _processor;

    public void Add(SeedResult result)
    {
        _runs++;
        _records += result.Records;
        _steps += result.Steps;
        _virtual += result.Virtual;
        _idle += result.Idle;
        _real += result.Real;
        _processor += result.Processor;
    }

    /// <summary>Simulated time per real time of one job, and per processor time: less of a machine that others use makes only the first slower.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_runs} runs, {_virtual.TotalHours:F1} simulated hours, {_idle.TotalHours:F1} of them idle, {_records} records, {_steps} steps; {Rate(_real):F0} x real time, {Rate(_processor):F0} x processor time");

    private double Rate(TimeSpan time) => _virtual / (time > TimeSpan.Zero ? time : TimeSpan.FromTicks(1));
}
