namespace StreamHouse.Cli.Shell;

/// <summary>A command cannot go on: the exit code, what is wrong, and what to do next.</summary>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
/// <param name="message">What is wrong.</param>
/// <param name="hint">What to do next, or null.</param>
internal sealed class CommandException(int exitCode, string message, string? hint = null) : Exception(message)
{
    /// <summary>One of <see cref="Shell.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What to do next, or null.</summary>
    public string? Hint { get; } = hint;
}
