namespace StreamHouse.Rpc.Grpc;

/// <summary>A call that ended with a status other than <see cref="GrpcStatusCode.OK"/>, on either side.</summary>
public sealed class RpcException : Exception
{
    /// <param name="status">The status.</param>
    /// <param name="message">What happened, for a person; travels as <c>grpc-message</c>.</param>
    /// <param name="inner">The cause; stays on this side.</param>
    public RpcException(GrpcStatusCode status, string message, Exception? inner = null)
        : this(status, message, RpcTrailers.Empty, inner)
    {
    }

    /// <param name="status">The status.</param>
    /// <param name="message">What happened, for a person; travels as <c>grpc-message</c>.</param>
    /// <param name="trailers">Further trailers.</param>
    /// <param name="inner">The cause; stays on this side.</param>
    public RpcException(GrpcStatusCode status, string message, RpcTrailers trailers, Exception? inner = null)
        : base(message, inner)
    {
        Status = status;
        Trailers = trailers;
    }

    /// <summary>The status the call ended with.</summary>
    public GrpcStatusCode Status { get; }

    /// <summary>Trailers other than the status and its message.</summary>
    public RpcTrailers Trailers { get; }
}
