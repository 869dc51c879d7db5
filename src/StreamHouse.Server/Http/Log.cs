using StreamHouse.Broker;

namespace StreamHouse.Server.Http;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "{Method} {Path} failed: {Code}.")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, BrokerErrorCode code, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Not ready: {Reason}")]
    public static partial void NotReady(this ILogger logger, string reason);
}
