namespace StreamHouse.Cli.Shell;

/// <summary>The outside world of a command: its streams, environment and clock.</summary>
internal sealed class Terminal
{
    /// <summary>What comes in.</summary>
    public required Stream Input { get; init; }

    /// <summary>Results, for people or scripts. A write fails with <see cref="OutputClosedException"/> when nobody reads any more.</summary>
    public required Stream Output { get; init; }

    /// <summary>Messages and progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether a person types the input.</summary>
    public bool IsInputInteractive { get; init; }

    /// <summary>Whether messages go to a screen, so that a line may be overwritten.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>Looks up environment variables.</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new()
    {
        Input = Console.OpenStandardInput(),
        Output = new GuardedOutput(Console.OpenStandardOutput()),
        Error = Console.Error,
        IsInputInteractive = !Console.IsInputRedirected,
        IsErrorInteractive = !Console.IsErrorRedirected,
        Environment = System.Environment.GetEnvironmentVariable,
    };

    /// <summary>A writer of text to <see cref="Output"/>; dispose of it to flush.</summary>
    public StreamWriter OpenText() => new(Output, leaveOpen: true) { NewLine = "\n" };
}
