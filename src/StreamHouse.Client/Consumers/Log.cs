using Microsoft.Extensions.Logging;

namespace StreamHouse.Client.Consumers;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "The subscription to {Topic} broke; it is opened again in {DelayMs} ms: {Reason}")]
    public static partial void Reconnecting(ILogger logger, string topic, double delayMs, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{Topic}/{Partition} has no offset {Offset} any more; going on from {Reset}")]
    public static partial void Reset(ILogger logger, string topic, int partition, long offset, OffsetReset reset);
}
