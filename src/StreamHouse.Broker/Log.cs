using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Stopped, but the session could not be closed: {Reason}")]
    public static partial void SessionLeft(ILogger logger, string reason);
}
