using StreamHouse.Broker;

namespace StreamHouse.Server.Http.Problems;

/// <summary>The one place that says which HTTP status a broker error code has.</summary>
internal static class HttpStatus
{
    /// <summary>Exhaustive: a code without a status is a fault of the build, found by a test.</summary>
    public static int Of(BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.None => StatusCodes.Status200OK,
        BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition or BrokerErrorCode.GroupNotFound
            or BrokerErrorCode.UnknownMember => StatusCodes.Status404NotFound,
        BrokerErrorCode.NotLeader => StatusCodes.Status421MisdirectedRequest,
        BrokerErrorCode.TopicAlreadyExists or BrokerErrorCode.FencedLeaderEpoch or BrokerErrorCode.UnknownLeaderEpoch
            or BrokerErrorCode.OutOfOrderSequence or BrokerErrorCode.InvalidProducerEpoch
            or BrokerErrorCode.IllegalGeneration or BrokerErrorCode.InconsistentGroupProtocol or BrokerErrorCode.RebalanceInProgress
            or BrokerErrorCode.GroupNotEmpty or BrokerErrorCode.MemberIdRequired or BrokerErrorCode.FencedInstance or BrokerErrorCode.GroupFull
            or BrokerErrorCode.GroupSubscribedToTopic => StatusCodes.Status409Conflict,
        BrokerErrorCode.InvalidTopic or BrokerErrorCode.InvalidPartitions or BrokerErrorCode.InvalidConfig or BrokerErrorCode.InvalidRequest
            or BrokerErrorCode.CorruptBatch or BrokerErrorCode.InvalidRecord
            or BrokerErrorCode.UnsupportedCompression or BrokerErrorCode.OffsetMetadataTooLarge or BrokerErrorCode.InvalidGroupId
            or BrokerErrorCode.InvalidSessionTimeout => StatusCodes.Status400BadRequest,
        BrokerErrorCode.BatchTooLarge => StatusCodes.Status413PayloadTooLarge,
        BrokerErrorCode.OffsetOutOfRange => StatusCodes.Status416RangeNotSatisfiable,
        BrokerErrorCode.Overloaded => StatusCodes.Status429TooManyRequests,
        BrokerErrorCode.Fenced or BrokerErrorCode.ShuttingDown or BrokerErrorCode.StorageFailed => StatusCodes.Status503ServiceUnavailable,
        BrokerErrorCode.TimedOut => StatusCodes.Status504GatewayTimeout,
        BrokerErrorCode.NoSpace => StatusCodes.Status507InsufficientStorage,
        BrokerErrorCode.DataDamaged or BrokerErrorCode.Internal => StatusCodes.Status500InternalServerError,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not a broker error code."),
    };
}
