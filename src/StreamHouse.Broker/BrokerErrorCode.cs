namespace StreamHouse.Broker;

/// <summary>Everything that can go wrong for a caller of <see cref="IBroker"/>. Each front end maps these once, exhaustively.</summary>
public enum BrokerErrorCode
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>No live topic has this name or id.</summary>
    UnknownTopic,

    /// <summary>The topic has no partition of this number.</summary>
    UnknownPartition,

    /// <summary>The partition is led by another process.</summary>
    NotLeader,

    /// <summary>The lease was lost while the request was in progress: the outcome was not acknowledged.</summary>
    Fenced,

    /// <summary>The caller's leader epoch is older than the partition's.</summary>
    FencedLeaderEpoch,

    /// <summary>The caller's leader epoch is newer than the partition's.</summary>
    UnknownLeaderEpoch,

    /// <summary>A live topic has this name already.</summary>
    TopicAlreadyExists,

    /// <summary>The topic name breaks a rule.</summary>
    InvalidTopic,

    /// <summary>The number of partitions is out of range.</summary>
    InvalidPartitions,

    /// <summary>A topic setting is unknown or out of range.</summary>
    InvalidConfig,

    /// <summary>A field of the request is out of range or contradicts another.</summary>
    InvalidRequest,

    /// <summary>A record batch is damaged: checksum, magic, length or record count.</summary>
    CorruptBatch,

    /// <summary>A record batch is well-formed but not acceptable from a producer.</summary>
    InvalidRecord,

    /// <summary>A record batch is larger than the topic's <c>max.message.bytes</c>.</summary>
    BatchTooLarge,

    /// <summary>The batch's compression codec is not known or its library is missing.</summary>
    UnsupportedCompression,

    /// <summary>The offset is below the log start or above the log end.</summary>
    OffsetOutOfRange,

    /// <summary>The producer's sequence leaves a gap.</summary>
    OutOfOrderSequence,

    /// <summary>The producer's epoch is older than one already seen.</summary>
    InvalidProducerEpoch,

    /// <summary>A limit was reached; the same request may succeed later.</summary>
    Overloaded,

    /// <summary>There is no space left to write to; reads go on.</summary>
    NoSpace,

    /// <summary>The process is shutting down.</summary>
    ShuttingDown,

    /// <summary>The operation did not finish in time; its outcome is unknown.</summary>
    TimedOut,

    /// <summary>Writing or reading storage failed.</summary>
    StorageFailed,

    /// <summary>Stored data is missing or damaged; the message names it.</summary>
    DataDamaged,

    /// <summary>A fault in the server itself.</summary>
    Internal,

    /// <summary>The text a committer leaves with an offset is too long. Kafka's 12.</summary>
    OffsetMetadataTooLarge,

    /// <summary>The member speaks of a generation that is not the group's. Kafka's 22.</summary>
    IllegalGeneration,

    /// <summary>The member supports no protocol that the group's other members do, or names another than the chosen one. Kafka's 23.</summary>
    InconsistentGroupProtocol,

    /// <summary>The group's name is empty or too long. Kafka's 24.</summary>
    InvalidGroupId,

    /// <summary>The group has no member of this id; join again without one. Kafka's 25.</summary>
    UnknownMember,

    /// <summary>The session timeout is out of the server's range. Kafka's 26.</summary>
    InvalidSessionTimeout,

    /// <summary>The group is between two generations; join again. Kafka's 27.</summary>
    RebalanceInProgress,

    /// <summary>The group has members. Kafka's 68.</summary>
    GroupNotEmpty,

    /// <summary>Nobody knows the group. Kafka's 69.</summary>
    GroupNotFound,

    /// <summary>A new member is to join again with the id it was told. Kafka's 79.</summary>
    MemberIdRequired,

    /// <summary>The group has as many members as it may. Kafka's 81.</summary>
    GroupFull,

    /// <summary>Another member has taken over the static member's name. Kafka's 82.</summary>
    FencedInstance,

    /// <summary>A member of the group subscribes to the topic. Kafka's 86.</summary>
    GroupSubscribedToTopic,
}

/// <summary>Properties of error codes that hold for every front end.</summary>
public static class BrokerErrorCodes
{
    /// <summary>Whether the same request may succeed when sent again.</summary>
    public static bool IsRetriable(this BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.NotLeader or BrokerErrorCode.Fenced or BrokerErrorCode.FencedLeaderEpoch or BrokerErrorCode.UnknownLeaderEpoch
            or BrokerErrorCode.Overloaded or BrokerErrorCode.NoSpace or BrokerErrorCode.ShuttingDown or BrokerErrorCode.TimedOut
            or BrokerErrorCode.StorageFailed => true,
        BrokerErrorCode.None or BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition or BrokerErrorCode.TopicAlreadyExists
            or BrokerErrorCode.InvalidTopic or BrokerErrorCode.InvalidPartitions or BrokerErrorCode.InvalidConfig or BrokerErrorCode.InvalidRequest
            or BrokerErrorCode.CorruptBatch or BrokerErrorCode.InvalidRecord or BrokerErrorCode.BatchTooLarge
            or BrokerErrorCode.UnsupportedCompression or BrokerErrorCode.OffsetOutOfRange or BrokerErrorCode.OutOfOrderSequence
            or BrokerErrorCode.InvalidProducerEpoch or BrokerErrorCode.DataDamaged or BrokerErrorCode.Internal
            or BrokerErrorCode.OffsetMetadataTooLarge or BrokerErrorCode.IllegalGeneration or BrokerErrorCode.InconsistentGroupProtocol
            or BrokerErrorCode.InvalidGroupId or BrokerErrorCode.UnknownMember or BrokerErrorCode.InvalidSessionTimeout
            or BrokerErrorCode.RebalanceInProgress or BrokerErrorCode.GroupNotEmpty or BrokerErrorCode.GroupNotFound
            or BrokerErrorCode.MemberIdRequired or BrokerErrorCode.GroupFull or BrokerErrorCode.FencedInstance
            or BrokerErrorCode.GroupSubscribedToTopic => false,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not a broker error code."),
    };
}
