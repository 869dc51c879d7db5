using Microsoft.Extensions.Logging;

namespace StreamHouse.Broker.Groups;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Group {Group} leaves generation {Generation}: {Reason}.")]
    public static partial void RebalanceBegins(ILogger logger, string group, int generation, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Group {Group} begins generation {Generation} with {Members} members by {Protocol}; {Leader} assigns.")]
    public static partial void GenerationBegins(ILogger logger, string group, int generation, int members, string protocol, string leader);

    [LoggerMessage(Level = LogLevel.Information, Message = "Member {Member} of group {Group} {Why}.")]
    public static partial void MemberRemoved(ILogger logger, string group, string member, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Member {Member} of group {Group} leaves: {Reason}.")]
    public static partial void MemberLeaves(ILogger logger, string group, string member, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Group {Group} has no members any more, after generation {Generation}.")]
    public static partial void GroupEmpty(ILogger logger, string group, int generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The assignments of generation {Generation} of group {Group} could not be stored; its members join again.")]
    public static partial void AssignmentsNotStored(ILogger logger, string group, int generation, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A search for expired offsets failed; it will be tried again.")]
    public static partial void ExpiryFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Offsets} committed offsets of group {Group} were older than the retention and are gone.")]
    public static partial void OffsetsExpired(ILogger logger, string group, int offsets);
}
