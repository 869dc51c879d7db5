using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Uploads;

internal static partial class UploadLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Upload {Attempt} of {Slices} slices failed and will be tried again under a new id: {Reason}")]
    public static partial void UploadFailed(ILogger logger, int attempt, int slices, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Commit of object {ObjectId} is unresolved and will be asked for again: {Reason}")]
    public static partial void CommitUnresolved(ILogger logger, Guid objectId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The lease of {Topic}/{Partition} is lost: its slice [{BaseOffset}, {EndOffset}) was fenced")]
    public static partial void Fenced(ILogger logger, string topic, int partition, long baseOffset, long endOffset);

    [LoggerMessage(Level = LogLevel.Error, Message = "Producer state of {Topic}/{Partition} cannot be read, so its tail cannot be uploaded yet: {Reason}")]
    public static partial void ProducerStateUnreadable(ILogger logger, string topic, int partition, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped before the tail of {Topic}/{Partition} was uploaded")]
    public static partial void StoppedWithDataLeft(ILogger logger, string topic, int partition);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Uploading has ended by an error that nobody foresaw; the process must end")]
    public static partial void Faulted(ILogger logger, Exception cause);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Committed object {ObjectId}: {Slices} slices, {Bytes} bytes")]
    public static partial void Committed(ILogger logger, Guid objectId, int slices, long bytes);
}
