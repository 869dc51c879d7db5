using StreamHouse.Broker;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Server.Grpc.Errors;

/// <summary>The broker's errors as gRPC tells them: a status for any client, a typed detail for ours.</summary>
internal static class BrokerErrors
{
    /// <summary>The status a call ends with.</summary>
    public static GrpcStatusCode StatusOf(BrokerErrorCode code) => code switch
    {
        BrokerErrorCode.None => GrpcStatusCode.OK,
        BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition or BrokerErrorCode.NotLeader
            or BrokerErrorCode.GroupNotFound or BrokerErrorCode.UnknownMember => GrpcStatusCode.NotFound,
        BrokerErrorCode.Fenced or BrokerErrorCode.FencedLeaderEpoch or BrokerErrorCode.UnknownLeaderEpoch
            or BrokerErrorCode.OutOfOrderSequence or BrokerErrorCode.InvalidProducerEpoch
            or BrokerErrorCode.IllegalGeneration or BrokerErrorCode.InconsistentGroupProtocol or BrokerErrorCode.RebalanceInProgress
            or BrokerErrorCode.GroupNotEmpty or BrokerErrorCode.MemberIdRequired or BrokerErrorCode.FencedInstance
            or BrokerErrorCode.GroupSubscribedToTopic => GrpcStatusCode.FailedPrecondition,
        BrokerErrorCode.TopicAlreadyExists => GrpcStatusCode.AlreadyExists,
        BrokerErrorCode.InvalidTopic or BrokerErrorCode.InvalidPartitions or BrokerErrorCode.InvalidConfig or BrokerErrorCode.InvalidRequest
            or BrokerErrorCode.CorruptBatch or BrokerErrorCode.InvalidRecord or BrokerErrorCode.BatchTooLarge
            or BrokerErrorCode.UnsupportedCompression or BrokerErrorCode.OffsetMetadataTooLarge or BrokerErrorCode.InvalidGroupId
            or BrokerErrorCode.InvalidSessionTimeout => GrpcStatusCode.InvalidArgument,
        BrokerErrorCode.OffsetOutOfRange => GrpcStatusCode.OutOfRange,
        BrokerErrorCode.Overloaded or BrokerErrorCode.ShuttingDown => GrpcStatusCode.Unavailable,
        BrokerErrorCode.NoSpace or BrokerErrorCode.GroupFull => GrpcStatusCode.ResourceExhausted,
        BrokerErrorCode.TimedOut => GrpcStatusCode.DeadlineExceeded,
        BrokerErrorCode.DataDamaged => GrpcStatusCode.DataLoss,
        BrokerErrorCode.StorageFailed or BrokerErrorCode.Internal => GrpcStatusCode.Internal,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "Not a broker error code."),
    };

    /// <summary>The typed detail of an error.</summary>
    public static ErrorDetail Detail(BrokerErrorCode code, string? message) => new()
    {
        // The protocol's numbers are the broker's own; a test holds them to it.
        Code = (ErrorCode)(int)code,
        Name = code.ToString(),
        Message = message ?? code.ToString(),
        Retriable = code.IsRetriable(),
        GrpcStatus = (int)StatusOf(code),
    };

    /// <summary>The typed detail of an error of one partition.</summary>
    public static ErrorDetail Detail(BrokerErrorCode code, string? message, string topic, int partition)
    {
        ErrorDetail detail = Detail(code, message);
        detail.Topic = topic;
        detail.Partition = partition;
        return detail;
    }

    /// <summary>What ends a call when a handler throws; null for what is not the broker's.</summary>
    public static RpcException? Map(Exception exception) =>
        exception is BrokerException failure ? Detail(failure.Code, failure.Message).ToException(failure) : null;
}
