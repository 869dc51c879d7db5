using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Transport;

/// <summary>Turns what servers and connections report into <see cref="StreamHouseException"/>s.</summary>
internal static class ErrorMapping
{
    /// <summary>What a failed call means.</summary>
    public static StreamHouseException ToException(RpcException failure)
    {
        if (failure.Detail() is { } detail)
        {
            return ToException(detail, failure);
        }

        // No detail: the failure is the connection's, or of something between us and the server.
        (StreamHouseErrorCode code, bool isRetriable) = failure.Status switch
        {
            GrpcStatusCode.Unavailable or GrpcStatusCode.Cancelled or GrpcStatusCode.Aborted => (StreamHouseErrorCode.Unavailable, true),
            GrpcStatusCode.DeadlineExceeded => (StreamHouseErrorCode.TimedOut, true),
            GrpcStatusCode.Internal or GrpcStatusCode.Unknown => (StreamHouseErrorCode.Unavailable, true),
            GrpcStatusCode.ResourceExhausted => (StreamHouseErrorCode.BatchTooLarge, false),
            GrpcStatusCode.InvalidArgument or GrpcStatusCode.OutOfRange => (StreamHouseErrorCode.InvalidRequest, false),
            GrpcStatusCode.DataLoss => (StreamHouseErrorCode.DataDamaged, false),
            GrpcStatusCode.OK or GrpcStatusCode.NotFound or GrpcStatusCode.AlreadyExists or GrpcStatusCode.FailedPrecondition
                or GrpcStatusCode.PermissionDenied or GrpcStatusCode.Unauthenticated or GrpcStatusCode.Unimplemented
                => (StreamHouseErrorCode.Protocol, false),
            _ => (StreamHouseErrorCode.Protocol, false),
        };
        return new StreamHouseException(code, failure.Message, isRetriable, isRetriable && !NeverConnected(failure), failure);
    }

    /// <summary>What a server's typed error means.</summary>
    public static StreamHouseException ToException(ErrorDetail detail, Exception? inner = null)
    {
        StreamHouseErrorCode code = CodeOf(detail.Code);
        string message = detail.Message.Length > 0 ? detail.Message : $"The server answered {detail.Name}.";
        return new StreamHouseException(code, message, detail.Retriable, IsOutcomeUnknown(code), inner)
        {
            Topic = detail.Topic.Length > 0 ? detail.Topic : null,
            Partition = detail.HasPartition ? detail.Partition : null,
            LogStartOffset = detail.HasLogStartOffset ? detail.LogStartOffset : null,
            HighWatermark = detail.HasHighWatermark ? detail.HighWatermark : null,
        };
    }

    /// <summary>A code newer than this client becomes <see cref="StreamHouseErrorCode.Internal"/>.</summary>
    public static StreamHouseErrorCode CodeOf(ErrorCode code) =>
        Enum.IsDefined(code) ? (StreamHouseErrorCode)(int)code : StreamHouseErrorCode.Internal;

    private static bool NeverConnected(RpcException failure) => failure.InnerException is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
    };

    // Refusals come before anything is written; these may come after.
    private static bool IsOutcomeUnknown(StreamHouseErrorCode code) => code is StreamHouseErrorCode.Fenced or StreamHouseErrorCode.TimedOut
        or StreamHouseErrorCode.StorageFailed or StreamHouseErrorCode.ShuttingDown or StreamHouseErrorCode.Internal;
}
