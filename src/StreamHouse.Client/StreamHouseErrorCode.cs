namespace StreamHouse.Client;

/// <summary>
/// Why an operation failed. Values below 100 are the server's own codes and never change; the others arise in the client.
/// </summary>
public enum StreamHouseErrorCode
{
    /// <summary>Success; never in an exception.</summary>
    None = 0,

    /// <summary>No live topic has this name.</summary>
    UnknownTopic = 1,

    /// <summary>The topic has no partition of this number.</summary>
    UnknownPartition = 2,

    /// <summary>The partition is led by another process.</summary>
    NotLeader = 3,

    /// <summary>The leader lost its lease while the request was in progress; the outcome is unknown.</summary>
    Fenced = 4,

    /// <summary>The leader epoch sent is older than the partition's.</summary>
    FencedLeaderEpoch = 5,

    /// <summary>The leader epoch sent is newer than the partition's.</summary>
    UnknownLeaderEpoch = 6,

    /// <summary>A live topic has this name already.</summary>
    TopicAlreadyExists = 7,

    /// <summary>The topic name breaks a rule.</summary>
    InvalidTopic = 8,

    /// <summary>The number of partitions is out of range.</summary>
    InvalidPartitions = 9,

    /// <summary>A topic setting is unknown or out of range.</summary>
    InvalidConfig = 10,

    /// <summary>A field of the request is out of range or contradicts another.</summary>
    InvalidRequest = 11,

    /// <summary>A record batch is damaged.</summary>
    CorruptBatch = 12,

    /// <summary>A record batch is well-formed but not acceptable.</summary>
    InvalidRecord = 13,

    /// <summary>A record or batch is larger than the topic or the producer allows.</summary>
    BatchTooLarge = 14,

    /// <summary>The codec is unknown, or its system library is missing.</summary>
    UnsupportedCompression = 15,

    /// <summary>The offset is below the log start or above the log end.</summary>
    OffsetOutOfRange = 16,

    /// <summary>The producer's sequence leaves a gap: an earlier batch was never appended.</summary>
    OutOfOrderSequence = 17,

    /// <summary>The producer's epoch is older than one already seen.</summary>
    InvalidProducerEpoch = 18,

    /// <summary>The server reached a limit; the same request may succeed later.</summary>
    Overloaded = 19,

    /// <summary>The server has no space left to write to; reads go on.</summary>
    NoSpace = 20,

    /// <summary>The server is shutting down.</summary>
    ShuttingDown = 21,

    /// <summary>The operation did not finish in time; its outcome is unknown.</summary>
    TimedOut = 22,

    /// <summary>The server's storage failed.</summary>
    StorageFailed = 23,

    /// <summary>Stored data is missing or damaged; the message names it.</summary>
    DataDamaged = 24,

    /// <summary>A fault in the server itself, or a code this client does not know.</summary>
    Internal = 25,

    /// <summary>The text left with a committed offset is too long.</summary>
    OffsetMetadataTooLarge = 26,

    /// <summary>The generation named is not the group's: another rebalance has happened.</summary>
    IllegalGeneration = 27,

    /// <summary>The member supports no protocol that the group's other members do.</summary>
    InconsistentGroupProtocol = 28,

    /// <summary>The group's name is empty or too long.</summary>
    InvalidGroupId = 29,

    /// <summary>The group has no such member: its session ended, or the server was started again.</summary>
    UnknownMember = 30,

    /// <summary>The session timeout is out of the server's range.</summary>
    InvalidSessionTimeout = 31,

    /// <summary>The group is between two generations.</summary>
    RebalanceInProgress = 32,

    /// <summary>The group has members.</summary>
    GroupNotEmpty = 33,

    /// <summary>The server knows no such group.</summary>
    GroupNotFound = 34,

    /// <summary>A new member is to join again with the id it was told.</summary>
    MemberIdRequired = 35,

    /// <summary>The group has as many members as it may.</summary>
    GroupFull = 36,

    /// <summary>Another member has taken over the static member's name.</summary>
    FencedInstance = 37,

    /// <summary>A member of the group subscribes to the topic.</summary>
    GroupSubscribedToTopic = 38,

    /// <summary>The server cannot be reached, or the connection broke; the outcome of a request in progress is unknown.</summary>
    Unavailable = 100,

    /// <summary>The server answered something this client cannot understand.</summary>
    Protocol = 101,

    /// <summary>A record was not acknowledged within <see cref="Producers.ProducerOptions.DeliveryTimeout"/>.</summary>
    DeliveryTimedOut = 102,
}
