namespace StreamHouse.Server.Hosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "StreamHouse {version} starts as process {pid}; data folder {folder}, objects in {objects}")]
    public static partial void Starting(this ILogger logger, string version, int pid, string folder, string objects);

    [LoggerMessage(2, LogLevel.Warning, "{warning}")]
    public static partial void SuspiciousSetting(this ILogger logger, string warning);

    [LoggerMessage(3, LogLevel.Information, "{protocol} listens on {url}{scope}")]
    public static partial void Listening(this ILogger logger, string protocol, string url, string scope);

    [LoggerMessage(4, LogLevel.Information, "ready in {milliseconds} ms")]
    public static partial void Ready(this ILogger logger, long milliseconds);

    [LoggerMessage(5, LogLevel.Information, "Stopping ({reason}): no new requests, finishing what is acknowledged, at most {seconds} s; a second signal exits at once")]
    public static partial void Stopping(this ILogger logger, string reason, double seconds);

    [LoggerMessage(6, LogLevel.Information, "Stopped in {milliseconds} ms")]
    public static partial void Stopped(this ILogger logger, long milliseconds);

    [LoggerMessage(7, LogLevel.Error, "Stopping took longer than {seconds} s and was cut short; what was acknowledged is safe")]
    public static partial void DrainTimedOut(this ILogger logger, double seconds);

    [LoggerMessage(8, LogLevel.Critical, "Storage failed for good: nothing can be acknowledged any more, the process ends at once. Check the disk, then start again")]
    public static partial void StorageFailed(this ILogger logger, Exception cause);

    [LoggerMessage(9, LogLevel.Critical, "{message}")]
    public static partial void StartFailed(this ILogger logger, string message);

    [LoggerMessage(10, LogLevel.Critical, "The server failed")]
    public static partial void Failed(this ILogger logger, Exception cause);
}
