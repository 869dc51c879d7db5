using Microsoft.Extensions.Logging;

namespace StreamHouse.Client.Groups;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Member {MemberId} of {Group} has {Count} partitions in generation {Generation}: {Revoked} given up, {Added} added")]
    public static partial void Assigned(ILogger logger, string group, string memberId, int generation, int count, int revoked, int added);

    [LoggerMessage(2, LogLevel.Warning, "Group {Group} has given this member's {Count} partitions to others: {Reason}")]
    public static partial void Lost(ILogger logger, string group, int count, string reason);

    [LoggerMessage(3, LogLevel.Debug, "Joining {Group} is tried again in {DelayMs} ms: {Reason}")]
    public static partial void JoinsAgain(ILogger logger, string group, double delayMs, string reason);

    [LoggerMessage(4, LogLevel.Warning, "Offsets of {Group} were not committed: {Reason}")]
    public static partial void CommitFailed(ILogger logger, string group, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Leaving {Group}: no record has been asked for within {Timeout}. Joining again when one is")]
    public static partial void Away(ILogger logger, string group, TimeSpan timeout);

    [LoggerMessage(6, LogLevel.Error, "The rebalance listener of {Group} failed")]
    public static partial void ListenerFailed(ILogger logger, string group, Exception exception);

    [LoggerMessage(7, LogLevel.Debug, "Group {Group} was not left: {Reason}")]
    public static partial void LeaveFailed(ILogger logger, string group, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Group {Group} wants topic {Topic}, which does not exist")]
    public static partial void NoTopic(ILogger logger, string group, string topic);

    [LoggerMessage(9, LogLevel.Warning, "Member {MemberId} of {Group} gets nothing: its subscription cannot be read")]
    public static partial void UnreadableSubscription(ILogger logger, string group, string memberId);
}
