using Microsoft.Extensions.Logging;

namespace StreamHouse.Client.Producers;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{RecordCount} records for {Topic}/{Partition} were not delivered")]
    public static partial void BatchFailed(ILogger logger, string topic, int partition, int recordCount, Exception error);

    [LoggerMessage(2, LogLevel.Error, "The delivery callback threw for {Topic}/{Partition}")]
    public static partial void CallbackThrew(ILogger logger, string topic, int partition, Exception error);

    [LoggerMessage(3, LogLevel.Debug, "{Batches} batches for {Topic}/{Partition} will be sent again in {DelayMs} ms: {Reason}")]
    public static partial void Retrying(ILogger logger, string topic, int partition, int batches, double delayMs, string reason);

    [LoggerMessage(4, LogLevel.Information, "{Topic}/{Partition} goes on under a new producer id after a batch that could not be delivered")]
    public static partial void Renewed(ILogger logger, string topic, int partition);
}
