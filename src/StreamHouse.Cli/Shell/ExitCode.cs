namespace StreamHouse.Cli.Shell;

/// <summary>What streamctl tells its caller when it ends. Documented in docs/streamctl.md and by <c>streamctl --help</c>; the numbers never change.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>It failed for a reason without a number of its own.</summary>
    public const int Failure = 1;

    /// <summary>The command line, or a name or setting in it, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The topic, partition, offset, group or file does not exist.</summary>
    public const int NotFound = 3;

    /// <summary>The server cannot be reached, or is shutting down.</summary>
    public const int Unreachable = 4;

    /// <summary>Stored data is damaged.</summary>
    public const int Damaged = 5;

    /// <summary>What was to be created is there already.</summary>
    public const int AlreadyExists = 6;

    /// <summary>A signal ended it before it was done.</summary>
    public const int Interrupted = 130;
}
