using Microsoft.Extensions.Logging;

namespace StreamHouse.Storage.Objects;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "Object store: {Reason} Attempt {Attempt} failed; trying again in {DelayMs} ms.")]
    public static partial void Retrying(ILogger logger, string reason, int attempt, int delayMs);

    [LoggerMessage(LogLevel.Warning, "Object store: {Location} has no conditional writes; existing objects are looked for before each write instead.")]
    public static partial void Unconditional(ILogger logger, string location);

    [LoggerMessage(LogLevel.Information, "Object store: the write of {Key} had succeeded although its answer was lost.")]
    public static partial void AnswerWasLost(ILogger logger, string key);

    [LoggerMessage(LogLevel.Warning, "Object store: the parts of a failed write of {Key} were not removed: {Reason}")]
    public static partial void AbortFailed(ILogger logger, string key, string reason);
}
