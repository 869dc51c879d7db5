using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Polly.Timeout;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>What S3's errors mean: worth another attempt or not, and what a person should do.</summary>
internal static class S3Errors
{
    /// <summary>Whether the same request may succeed in a moment. The caller's own cancellation is not a fault.</summary>
    public static bool IsTransient(Exception? e, CancellationToken ct) => e switch
    {
        AmazonServiceException service when service.StatusCode != 0 => IsTransient(service),
        OperationCanceledException => !ct.IsCancellationRequested,
        TimeoutRejectedException or HttpRequestException or AmazonClientException or IOException => e is not ObjectStoreException,
        _ => false,
    };

    public static bool IsMissing(AmazonS3Exception e) =>
        e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode is not "NoSuchBucket" and not "NoSuchUpload";

    public static bool IsTaken(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.PreconditionFailed;

    public static ObjectStoreException Explain(Exception e, string verb, string name, S3StoreOptions options)
    {
        string place = name == options.Bucket ? $"Cannot {verb} {options}" : $"Cannot {verb} '{name}' in {options}";
        if (e is not AmazonServiceException { StatusCode: not 0 } service)
        {
            string reason = (e is TimeoutRejectedException or OperationCanceledException) ? "it did not answer in time" : Innermost(e).Message;
            return new ObjectStoreException($"{place}: {reason}. Check AWS_ENDPOINT_URL and the network.", e);
        }
        if (service.StatusCode == HttpStatusCode.InsufficientStorage || service.ErrorCode is "QuotaExceeded" or "XMinioStorageFull")
        {
            return new ObjectStoreFullException($"{place}: the store is full ({service.ErrorCode}). It is tried again.", e);
        }
        string advice = service.ErrorCode switch
        {
            "NoSuchBucket" => "the bucket does not exist. Create it, or correct STREAMHOUSE_BUCKET.",
            "InvalidAccessKeyId" => "the access key is not known there. Correct AWS_ACCESS_KEY_ID.",
            "SignatureDoesNotMatch" => "the secret does not belong to the access key. Correct AWS_SECRET_ACCESS_KEY.",
            "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "TemporaryRedirect" =>
                "the bucket is in another region. Correct AWS_REGION.",
            "RequestTimeTooSkewed" => "this machine's clock is wrong. Correct it.",
            _ when service.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized =>
                "access is denied. The access key needs to list the bucket and to get, put and delete its objects.",
            _ when service.StatusCode is HttpStatusCode.MovedPermanently => "the bucket is in another region. Correct AWS_REGION.",
            _ => $"the store answered {(int)service.StatusCode} {service.ErrorCode}: {service.Message}",
        };
        return new ObjectStoreException($"{place}: {advice}", e);
    }

    private static bool IsTransient(AmazonServiceException e) =>
        ((int)e.StatusCode >= 500 && e.StatusCode is not (HttpStatusCode.NotImplemented or HttpStatusCode.InsufficientStorage))
        || e.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
        // A 400 without S3's own code: a gateway that refused an upload unread takes the rest of its body for the next request.
        || (e.StatusCode is HttpStatusCode.BadRequest && e.ErrorCode is null or "" or "BadRequest")
        || e.ErrorCode is "RequestTimeout" or "SlowDown" or "ConditionalRequestConflict" or "OperationAborted" or "ConcurrentModification";

    private static Exception Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
        {
            e = inner;
        }
        return e;
    }
}
