using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Errors;

/// <summary>Carries an <see cref="ErrorDetail"/> in the trailers of a failed call.</summary>
public static class ErrorDetails
{
    /// <summary>The trailer: base64 of the encoded message.</summary>
    public const string TrailerName = "streamhouse-error-bin";

    /// <summary>An exception that ends a call with the detail's status and message and carries the detail.</summary>
    /// <param name="detail">The detail, with <see cref="ErrorDetail.GrpcStatus"/> set to other than OK.</param>
    /// <param name="inner">The cause; stays on this side.</param>
    public static RpcException ToException(this ErrorDetail detail, Exception? inner = null)
    {
        ArgumentNullException.ThrowIfNull(detail);
        return new RpcException(
            (GrpcStatusCode)detail.GrpcStatus, detail.Message, RpcTrailers.OfBinary(TrailerName, detail.ToByteArray()), inner);
    }

    /// <summary>The detail a failed call carried, or null when it carried none that can be read.</summary>
    public static ErrorDetail? Detail(this RpcException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        try
        {
            return failure.Trailers.GetBinary(TrailerName) is { } bytes ? ErrorDetail.Parser.ParseFrom(bytes) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <exception cref="MalformedMessageException">The bytes are not an <see cref="ErrorDetail"/>.</exception>
    internal static ErrorDetail Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            return ErrorDetail.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MalformedMessageException($"The error is not a valid ErrorDetail: {e.Message}", e);
        }
    }
}
