using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Topics;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "What the metadata has of topics could not be read after a change without an answer; it will be tried again: {Reason}")]
    public static partial void CatchUpFailed(ILogger logger, string reason);
}
