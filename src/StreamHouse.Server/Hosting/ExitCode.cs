namespace StreamHouse.Server.Hosting;

/// <summary>What the process tells its parent when it ends. Documented in docs/configuration.md; the numbers never change.</summary>
internal static class ExitCode
{
    /// <summary>Asked to stop, and drained.</summary>
    public const int Success = 0;

    /// <summary>A fault in the server itself.</summary>
    public const int Failure = 1;

    /// <summary>The command line or a setting is wrong; every failure was named.</summary>
    public const int InvalidConfiguration = 2;

    /// <summary>The data folder cannot be created or written to.</summary>
    public const int DataFolderUnusable = 3;

    /// <summary>Another process uses the data folder.</summary>
    public const int DataFolderInUse = 4;

    /// <summary>A port is taken, or the address is not this machine's.</summary>
    public const int AddressUnusable = 5;

    /// <summary>Metadata, node log or objects are damaged, do not belong together, or come from a newer version.</summary>
    public const int DataRefused = 6;

    /// <summary>The object store does not answer or refuses the credentials.</summary>
    public const int ObjectStoreUnusable = 7;

    /// <summary>Writing the node log, or uploading, failed for good while running: nothing more can be acknowledged.</summary>
    public const int StorageFailed = 8;

    /// <summary>Stopping took longer than allowed. What was acknowledged is safe.</summary>
    public const int DrainTimedOut = 9;

    /// <summary>A second signal asked to stop at once.</summary>
    public const int Interrupted = 10;
}
