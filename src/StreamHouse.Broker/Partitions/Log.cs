using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Partitions;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "An append to {Topic}/{Partition} met an error that nobody foresaw and is refused")]
    public static partial void AppendFaulted(ILogger logger, string topic, int partition, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Topic}/{Partition} takes no appends, what it holds can be read: {Reason}")]
    public static partial void ClosedToWriters(ILogger logger, string topic, int partition, string reason);
}
