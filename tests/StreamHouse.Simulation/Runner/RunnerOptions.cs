using System.Globalization;
using StreamHouse.Simulation.Mutations;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Runner;

/// <summary>What the command line asks for.</summary>
internal sealed record RunnerOptions
{
    public const string Usage =
        """
        usage: ./simulate.sh [--seeds A..B] [--scenario NAME] [--minutes M] [--jobs J] [--trace FILE] [--no-shrink] [--break NAME]
          --seeds A..B     seeds to run, both included (1..200)
          --scenario NAME  only this scenario: single, cluster (each seed runs all of them)
          --minutes M      stop after M minutes, having begun no further seed
          --jobs J         seeds at a time (1)
          --trace FILE     write the whole trace of one seed
          --no-shrink      do not look for the fewest faults that still make a seed fail
          --break NAME     break a rule on purpose (docs/simulation.md has the names): seeds should fail
        STREAMHOUSE_SIM_SEED=N runs seed N alone.
        """;

    public ulong First { get; private init; } = 1;

    public ulong Last { get; private init; } = 200;

    public IReadOnlyList<Scenario> Scenarios { get; private init; } = AllScenarios.Every;

    public TimeSpan TimeMax { get; private init; } = TimeSpan.MaxValue;

    public int Jobs { get; private init; } = 1;

    public string? TraceFile { get; private init; }

    public bool Shrink { get; private init; } = true;

    /// <summary>What is broken on purpose, or null.</summary>
    public DeliberateBreak? Break { get; private init; }

    /// <summary>Reads the command line.</summary>
    /// <returns>Null when it makes no sense.</returns>
    public static RunnerOptions? Parse(ReadOnlySpan<string> args)
    {
        RunnerOptions options = new();
        for (int i = 0; i < args.Length; i++)
        {
            string value = i + 1 < args.Length ? args[i + 1] : "";
            RunnerOptions? next = args[i] switch
            {
                "--seeds" => options.WithSeeds(value),
                "--scenario" => AllScenarios.Find(value) is { } found ? options with { Scenarios = [found] } : null,
                "--minutes" => double.TryParse(value, CultureInfo.InvariantCulture, out double minutes) ? options with { TimeMax = TimeSpan.FromMinutes(minutes) } : null,
                "--jobs" => int.TryParse(value, CultureInfo.InvariantCulture, out int jobs) && jobs > 0 ? options with { Jobs = jobs } : null,
                "--trace" => value.Length > 0 ? options with { TraceFile = value } : null,
                "--break" => DeliberateBreak.Find(value) is { } broken ? options with { Break = broken } : null,
                "--no-shrink" => options with { Shrink = false },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }
            i += args[i] == "--no-shrink" ? 0 : 1;
            options = next;
        }
        string? replayed = Environment.GetEnvironmentVariable("STREAMHOUSE_SIM_SEED");
        return string.IsNullOrEmpty(replayed) ? options : options.WithSeeds(replayed);
    }

    private RunnerOptions? WithSeeds(string text)
    {
        string[] ends = text.Split("..");
        return ends.Length <= 2
            && ulong.TryParse(ends[0], CultureInfo.InvariantCulture, out ulong first)
            && ulong.TryParse(ends[^1], CultureInfo.InvariantCulture, out ulong last)
            && first <= last
                ? this with { First = first, Last = last }
                : null;
    }
}
