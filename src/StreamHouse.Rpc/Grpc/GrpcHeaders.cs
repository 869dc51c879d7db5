namespace StreamHouse.Rpc.Grpc;

/// <summary>Names of the headers and trailers of gRPC over HTTP/2.</summary>
public static class GrpcHeaders
{
    /// <summary>Trailer: the status code, decimal.</summary>
    public const string Status = "grpc-status";

    /// <summary>Trailer: the percent-encoded message.</summary>
    public const string Message = "grpc-message";

    /// <summary>Request header: what is left of the deadline; see <see cref="GrpcTimeout"/>.</summary>
    public const string Timeout = "grpc-timeout";

    /// <summary>The compression of messages whose flag is set.</summary>
    public const string Encoding = "grpc-encoding";

    /// <summary>Response header: the compressions accepted.</summary>
    public const string AcceptEncoding = "grpc-accept-encoding";

    /// <summary>The only compression there is here: none.</summary>
    public const string Identity = "identity";

    /// <summary>The media type.</summary>
    public const string ContentType = "application/grpc";
}
