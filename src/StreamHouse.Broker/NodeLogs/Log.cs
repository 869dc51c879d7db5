using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.NodeLogs;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Node log {NodeLog} recovered {Batches} batches ({Bytes} bytes) that are not in objects yet; {Files} files")]
    public static partial void Recovered(ILogger logger, Guid nodeLog, int batches, long bytes, int files);

    [LoggerMessage(Level = LogLevel.Information, Message = "The node log ended in the middle of a write, which is cut off: {Explanation}")]
    public static partial void TornTail(ILogger logger, string explanation);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The node log has failed and is never tried again; the process must stop")]
    public static partial void Poisoned(ILogger logger, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "No space for another node-log file ({Reason}); trying again every {Delay}. Appends wait or fail, reads go on")]
    public static partial void Full(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Information, Message = "There is space for node-log files again")]
    public static partial void SpaceFound(ILogger logger);
}
