using System.Net;
using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "The connection from {remote} is closed: {reason}")]
    public static partial void Rejected(this ILogger logger, IPEndPoint remote, string reason);

    [LoggerMessage(2, LogLevel.Error, "The connection from {remote} failed")]
    public static partial void Failed(this ILogger logger, Exception cause, IPEndPoint remote);

    [LoggerMessage(3, LogLevel.Error, "{api} version {version} from {remote} failed")]
    public static partial void HandlerFailed(this ILogger logger, Exception cause, ApiKey api, short version, IPEndPoint remote);

    [LoggerMessage(4, LogLevel.Warning, "Connections are refused: {reason}. Said once a minute at most")]
    public static partial void Refused(this ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Accepting connections failed; trying again")]
    public static partial void AcceptFailed(this ILogger logger, Exception cause);

    [LoggerMessage(6, LogLevel.Debug, "The TLS handshake with {remote} failed")]
    public static partial void HandshakeFailed(this ILogger logger, Exception cause, IPEndPoint remote);
}
