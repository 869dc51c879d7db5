using StreamHouse.Client;

namespace StreamHouse.Cli.Shell;

/// <summary>What a failure means to the person at the terminal and to the script around.</summary>
/// <param name="ExitCode">One of <see cref="Shell.ExitCode"/>.</param>
/// <param name="Message">What happened.</param>
/// <param name="Hint">What to do next, or null.</param>
internal readonly record struct FailureReport(int ExitCode, string Message, string? Hint)
{
    /// <summary>What to do when no server answers.</summary>
    public const string StartHint =
        "Start a server with ./run.sh (or artifacts/streamhouse), or name another with --addr or STREAMHOUSE_ADDR.";

    /// <summary>The report of a failure that a command may end with; null for what is a fault of streamctl itself.</summary>
    public static FailureReport? Of(Exception failure) => failure switch
    {
        CommandException e => new(e.ExitCode, e.Message, e.Hint),
        StreamHouseException e => new(CodeOf(e.Code), e.Message, HintFor(e)),

        // An assembly that is missing is streamctl's own affair.
        FileNotFoundException e when e.FileName?.Contains("Version=", StringComparison.Ordinal) == true => null,
        FileNotFoundException or DirectoryNotFoundException => new(Shell.ExitCode.NotFound, failure.Message, "Check the path."),
        UnauthorizedAccessException => new(Shell.ExitCode.Failure, failure.Message, "Check the permissions of the path, and whether it is a folder."),
        IOException => new(Shell.ExitCode.Failure, failure.Message, null),
        _ => null,
    };

    /// <summary>The exit code of a server's or client's error.</summary>
    public static int CodeOf(StreamHouseErrorCode code) => code switch
    {
        StreamHouseErrorCode.None => Shell.ExitCode.Success,
        StreamHouseErrorCode.UnknownTopic or StreamHouseErrorCode.UnknownPartition or StreamHouseErrorCode.OffsetOutOfRange
            or StreamHouseErrorCode.GroupNotFound => Shell.ExitCode.NotFound,
        StreamHouseErrorCode.Unavailable or StreamHouseErrorCode.ShuttingDown => Shell.ExitCode.Unreachable,
        StreamHouseErrorCode.CorruptBatch or StreamHouseErrorCode.DataDamaged => Shell.ExitCode.Damaged,
        StreamHouseErrorCode.TopicAlreadyExists => Shell.ExitCode.AlreadyExists,
        StreamHouseErrorCode.InvalidTopic or StreamHouseErrorCode.InvalidPartitions or StreamHouseErrorCode.InvalidConfig
            or StreamHouseErrorCode.InvalidRequest or StreamHouseErrorCode.InvalidGroupId or StreamHouseErrorCode.InvalidSessionTimeout
            or StreamHouseErrorCode.OffsetMetadataTooLarge => Shell.ExitCode.Usage,
        StreamHouseErrorCode.NotLeader or StreamHouseErrorCode.Fenced or StreamHouseErrorCode.FencedLeaderEpoch
            or StreamHouseErrorCode.UnknownLeaderEpoch or StreamHouseErrorCode.InvalidRecord or StreamHouseErrorCode.BatchTooLarge
            or StreamHouseErrorCode.UnsupportedCompression or StreamHouseErrorCode.OutOfOrderSequence or StreamHouseErrorCode.InvalidProducerEpoch
            or StreamHouseErrorCode.Overloaded or StreamHouseErrorCode.NoSpace or StreamHouseErrorCode.TimedOut or StreamHouseErrorCode.StorageFailed
            or StreamHouseErrorCode.Internal or StreamHouseErrorCode.Protocol or StreamHouseErrorCode.DeliveryTimedOut
            or StreamHouseErrorCode.IllegalGeneration or StreamHouseErrorCode.InconsistentGroupProtocol or StreamHouseErrorCode.UnknownMember
            or StreamHouseErrorCode.RebalanceInProgress or StreamHouseErrorCode.GroupNotEmpty or StreamHouseErrorCode.MemberIdRequired
            or StreamHouseErrorCode.GroupFull or StreamHouseErrorCode.FencedInstance or StreamHouseErrorCode.GroupSubscribedToTopic => Shell.ExitCode.Failure,
        _ => Shell.ExitCode.Failure,
    };

    private static string? HintFor(StreamHouseException failure) => failure.Code switch
    {
        StreamHouseErrorCode.UnknownTopic => "See 'streamctl topic list', or create it with 'streamctl topic create NAME'.",
        StreamHouseErrorCode.UnknownPartition => $"See 'streamctl topic describe {failure.Topic ?? "NAME"}' for its partitions.",
        StreamHouseErrorCode.OffsetOutOfRange => failure.LogStartOffset is { } start
            ? $"Offsets {start} to {failure.HighWatermark} can be read; --from-beginning starts at the first."
            : "See 'streamctl offsets NAME' for what can be read.",
        StreamHouseErrorCode.GroupNotFound => "See 'streamctl group list'.",
        StreamHouseErrorCode.GroupNotEmpty => "Stop the group's members first.",
        StreamHouseErrorCode.TopicAlreadyExists => "Choose another name, or pass --if-not-exists.",
        StreamHouseErrorCode.Unavailable => StartHint,
        StreamHouseErrorCode.ShuttingDown => "Try again when the server is back.",
        StreamHouseErrorCode.NoSpace => "Free space on the server's disk, then try again; reads go on meanwhile.",
        StreamHouseErrorCode.Overloaded => "Try again later, or raise the server's limits (docs/configuration.md).",
        StreamHouseErrorCode.BatchTooLarge => "Raise the topic's limit: 'streamctl topic alter NAME --config max.message.bytes=BYTES'.",
        StreamHouseErrorCode.DataDamaged => "Look at the object it names with 'streamctl segment dump FILE'.",
        StreamHouseErrorCode.TimedOut or StreamHouseErrorCode.DeliveryTimedOut => "See 'streamctl status' and the server's log.",
        StreamHouseErrorCode.StorageFailed or StreamHouseErrorCode.Internal => "The server's log says more.",
        _ => null,
    };
}
