using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Retention moved the log start of {Partition} from {From} to {To}.")]
    public static partial void LogStartAdvanced(ILogger logger, TopicPartition partition, long from, long to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No milestone could be set; the next one is tried in its turn: {Reason}")]
    public static partial void MilestoneFailed(ILogger logger, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The metadata is older than {Key} in {Location}, and is accepted as it is: records acknowledged since that copy are not served; epochs and ids go on beyond theirs")]
    public static partial void OldMetadataAccepted(ILogger logger, string key, string location);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A retention pass failed; it will be tried again.")]
    public static partial void RetentionFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A pass of the object collector failed; it will be tried again.")]
    public static partial void CollectionFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Object {Key} ({Bytes} bytes) is referred to by nothing and will be deleted.")]
    public static partial void OrphanClaimed(ILogger logger, string key, long bytes);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Unreferenced} of {Total} objects in {Location} are referred to by nothing: collection has stopped. "
            + "Check that this is the right metadata for this store before anything is deleted.")]
    public static partial void TooManyUnreferenced(ILogger logger, long unreferenced, long total, string location);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Object {Key} in {Location} holds records that only newer metadata can have committed: this metadata is old, perhaps restored from a "
            + "backup. Nothing is deleted until the server is started again; records written since then may replace what the objects still hold.")]
    public static partial void MetadataIsOld(ILogger logger, string key, string location);

    [LoggerMessage(Level = LogLevel.Information, Message = "Object {Key} was never committed, and nothing has replaced it yet: it is kept.")]
    public static partial void UncommittedKept(ILogger logger, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Object {Key} is referred to by nothing, but its table cannot be read: it is kept. Remove it by hand once you know what it is.")]
    public static partial void UnreadableKept(ILogger logger, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Object {Key} could not be deleted and will be tried again: {Reason}")]
    public static partial void DeleteFailed(ILogger logger, string key, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Failures} objects in {Location} could not be deleted; the others wait for the next pass: {Reason}")]
    public static partial void DeletesFailed(ILogger logger, int failures, string location, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Object {Key} waits for deletion but is not a segment under {Prefix}: it is kept.")]
    public static partial void ForeignKeyKept(ILogger logger, string key, string prefix);
}
