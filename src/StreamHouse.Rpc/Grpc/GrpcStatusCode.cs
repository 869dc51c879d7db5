namespace StreamHouse.Rpc.Grpc;

/// <summary>The status codes of gRPC.</summary>
public enum GrpcStatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The caller cancelled.</summary>
    Cancelled = 1,

    /// <summary>A failure without a better code.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The time was up; the outcome is unknown.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist here.</summary>
    NotFound = 5,

    /// <summary>What the request would create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit was reached.</summary>
    ResourceExhausted = 8,

    /// <summary>The server is not in the state the request needs.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with something concurrent.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The method or feature does not exist.</summary>
    Unimplemented = 12,

    /// <summary>A fault in the server or a broken protocol.</summary>
    Internal = 13,

    /// <summary>Cannot be served now; the same request may succeed later.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
