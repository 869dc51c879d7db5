using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Leases;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Leading {Topic}/{Partition} from offset {Offset} in epoch {Epoch}")]
    public static partial void Taken(ILogger logger, string topic, int partition, long offset, long epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of {Topic}/{Partition} has gone to another process")]
    public static partial void Lost(ILogger logger, string topic, int partition);

    [LoggerMessage(Level = LogLevel.Error, Message = "Session {Incarnation} has expired: nothing is led any more; going on under another incarnation")]
    public static partial void SessionExpired(ILogger logger, Guid incarnation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The metadata did not answer a {What}, which will be tried again: {Reason}")]
    public static partial void Unanswered(ILogger logger, string what, string reason);
}
