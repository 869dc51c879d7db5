using StreamHouse.Broker;
using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka;

/// <summary>The broker's errors as the Kafka protocol tells them.</summary>
internal static class KafkaErrors
{
    /// <summary>The protocol's code for an error of the broker.</summary>
    public static KafkaErrorCode Of(BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.None => KafkaErrorCode.None,
        BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition => KafkaErrorCode.UnknownTopicOrPartition,
        // Clients answer each of these by asking for metadata and sending again: the successor will be there.
        BrokerErrorCode.NotLeader or BrokerErrorCode.Fenced or BrokerErrorCode.ShuttingDown => KafkaErrorCode.NotLeaderOrFollower,
        BrokerErrorCode.FencedLeaderEpoch => KafkaErrorCode.FencedLeaderEpoch,
        BrokerErrorCode.UnknownLeaderEpoch => KafkaErrorCode.UnknownLeaderEpoch,
        BrokerErrorCode.TopicAlreadyExists => KafkaErrorCode.TopicAlreadyExists,
        BrokerErrorCode.InvalidTopic => KafkaErrorCode.InvalidTopicException,
        BrokerErrorCode.InvalidPartitions => KafkaErrorCode.InvalidPartitions,
        BrokerErrorCode.InvalidConfig => KafkaErrorCode.InvalidConfig,
        BrokerErrorCode.InvalidRequest => KafkaErrorCode.InvalidRequest,
        BrokerErrorCode.CorruptBatch => KafkaErrorCode.CorruptMessage,
        BrokerErrorCode.InvalidRecord => KafkaErrorCode.InvalidRecord,
        BrokerErrorCode.BatchTooLarge => KafkaErrorCode.MessageTooLarge,
        BrokerErrorCode.UnsupportedCompression => KafkaErrorCode.UnsupportedCompressionType,
        BrokerErrorCode.OffsetOutOfRange => KafkaErrorCode.OffsetOutOfRange,
        BrokerErrorCode.OutOfOrderSequence => KafkaErrorCode.OutOfOrderSequenceNumber,
        BrokerErrorCode.InvalidProducerEpoch => KafkaErrorCode.InvalidProducerEpoch,
        // Retriable for every client, and none takes it for a change of leadership.
        BrokerErrorCode.Overloaded or BrokerErrorCode.TimedOut => KafkaErrorCode.RequestTimedOut,
        BrokerErrorCode.NoSpace or BrokerErrorCode.StorageFailed or BrokerErrorCode.DataDamaged => KafkaErrorCode.KafkaStorageError,
        BrokerErrorCode.Internal => KafkaErrorCode.UnknownServerError,
        BrokerErrorCode.OffsetMetadataTooLarge => KafkaErrorCode.OffsetMetadataTooLarge,
        BrokerErrorCode.IllegalGeneration => KafkaErrorCode.IllegalGeneration,
        BrokerErrorCode.InconsistentGroupProtocol => KafkaErrorCode.InconsistentGroupProtocol,
        BrokerErrorCode.InvalidGroupId => KafkaErrorCode.InvalidGroupId,
        BrokerErrorCode.UnknownMember => KafkaErrorCode.UnknownMemberId,
        BrokerErrorCode.InvalidSessionTimeout => KafkaErrorCode.InvalidSessionTimeout,
        BrokerErrorCode.RebalanceInProgress => KafkaErrorCode.RebalanceInProgress,
        BrokerErrorCode.GroupNotEmpty => KafkaErrorCode.NonEmptyGroup,
        BrokerErrorCode.GroupNotFound => KafkaErrorCode.GroupIdNotFound,
        BrokerErrorCode.MemberIdRequired => KafkaErrorCode.MemberIdRequired,
        BrokerErrorCode.GroupFull => KafkaErrorCode.GroupMaxSizeReached,
        BrokerErrorCode.FencedInstance => KafkaErrorCode.FencedInstanceId,
        BrokerErrorCode.GroupSubscribedToTopic => KafkaErrorCode.GroupSubscribedToTopic,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not a broker error code."),
    };

    /// <summary>The code for an error of a fetch. Consumers expect fewer codes there, and fail on one they do not: what passes by itself is told as one they retry.</summary>
    public static KafkaErrorCode OfFetch(BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.Overloaded or BrokerErrorCode.TimedOut => KafkaErrorCode.KafkaStorageError,
        _ => Of(code),
    };

    /// <summary>The code for an error of the group coordinator: what passes by itself is told so that members look for the coordinator and try again, and stay members.</summary>
    public static KafkaErrorCode OfGroup(BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.NotLeader or BrokerErrorCode.Fenced or BrokerErrorCode.ShuttingDown => KafkaErrorCode.NotCoordinator,
        BrokerErrorCode.Overloaded => KafkaErrorCode.CoordinatorLoadInProgress,
        BrokerErrorCode.TimedOut or BrokerErrorCode.NoSpace or BrokerErrorCode.StorageFailed => KafkaErrorCode.CoordinatorNotAvailable,
        _ => Of(code),
    };

    /// <summary>The code for an error of reading a group's offsets: of those that pass by themselves, Java's consumer asks again only after these two, and gives up after others.</summary>
    public static KafkaErrorCode OfOffsetFetch(BrokerErrorCode code) =>
        OfGroup(code) is var told and not KafkaErrorCode.CoordinatorNotAvailable ? told : KafkaErrorCode.CoordinatorLoadInProgress;
}
