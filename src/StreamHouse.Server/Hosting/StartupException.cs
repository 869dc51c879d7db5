namespace StreamHouse.Server.Hosting;

/// <summary>The server cannot start for a reason its operator can act on.</summary>
/// <param name="exitCode">One of <see cref="Hosting.ExitCode"/>.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">The cause, if another exception was.</param>
internal sealed class StartupException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
