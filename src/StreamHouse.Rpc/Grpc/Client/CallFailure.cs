using System.Net;
using System.Net.Http.Headers;

namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>Turns what HTTP reports into gRPC's statuses.</summary>
internal static class CallFailure
{
    private const long RefusedStream = 0x7;
    private const long Cancel = 0x8;
    private const long EnhanceYourCalm = 0xb;
    private const long InadequateSecurity = 0xc;

    public static bool IsTransport(Exception e) =>
        e is OperationCanceledException or HttpRequestException or IOException or ObjectDisposedException or InvalidOperationException;

    public static Exception Translate(Exception e, CallLifetime lifetime)
    {
        if (lifetime.Token.IsCancellationRequested)
        {
            return lifetime.Ended(e);
        }
        HttpProtocolException? protocol = e as HttpProtocolException ?? e.InnerException as HttpProtocolException;
        GrpcStatusCode status = protocol?.ErrorCode switch
        {
            Cancel => GrpcStatusCode.Cancelled,
            EnhanceYourCalm => GrpcStatusCode.ResourceExhausted,
            InadequateSecurity => GrpcStatusCode.PermissionDenied,
            RefusedStream or null => GrpcStatusCode.Unavailable,
            _ => e.InnerException is HttpProtocolException ? GrpcStatusCode.Internal : GrpcStatusCode.Unavailable,
        };
        return new RpcException(status, $"{lifetime.Path} failed: {e.Message}", e);
    }

    /// <summary>Checks that a response is gRPC at all.</summary>
    public static RpcException? OfResponse(HttpResponseMessage response, string path)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return new RpcException(OfHttpStatus(response.StatusCode), $"{path} was answered with HTTP status {(int)response.StatusCode}.");
        }
        string? type = response.Content.Headers.ContentType?.MediaType;
        return type is not null && type.StartsWith(GrpcHeaders.ContentType, StringComparison.Ordinal)
            ? null
            : new RpcException(GrpcStatusCode.Unknown, $"{path} was answered with content type '{type}', which is not gRPC.");
    }

    /// <summary>The outcome of a response that was read to its end; null is success.</summary>
    public static RpcException? OfStatus(HttpResponseMessage response, string path)
    {
        // A response without messages carries its status in the headers, any other in the trailers.
        HttpResponseHeaders headers = response.TrailingHeaders.Contains(GrpcHeaders.Status) ? response.TrailingHeaders : response.Headers;
        if (!headers.TryGetValues(GrpcHeaders.Status, out IEnumerable<string>? values)
            || !int.TryParse(values.First(), out int status))
        {
            return new RpcException(GrpcStatusCode.Internal, $"{path} ended without a status.");
        }
        if (status == 0)
        {
            return null;
        }
        string message = headers.TryGetValues(GrpcHeaders.Message, out values) ? GrpcMessageText.Decode(string.Join(",", values)) : "";
        GrpcStatusCode code = Enum.IsDefined((GrpcStatusCode)status) ? (GrpcStatusCode)status : GrpcStatusCode.Unknown;
        return new RpcException(code, message, Trailers(headers));
    }

    private static RpcTrailers Trailers(HttpResponseHeaders headers) => new(
        from header in headers
        where header.Key is not (GrpcHeaders.Status or GrpcHeaders.Message)
        from value in header.Value
        select new KeyValuePair<string, string>(header.Key, value));

    private static GrpcStatusCode OfHttpStatus(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => GrpcStatusCode.Internal,
        HttpStatusCode.Unauthorized => GrpcStatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcStatusCode.PermissionDenied,
        HttpStatusCode.NotFound => GrpcStatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
            => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Unknown,
    };
}
