using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>
/// Objects in a bucket of Amazon S3 or a server that speaks its protocol. Writes are conditional, so nothing is overwritten; a write whose
/// answer was lost is recognised as our own by an id kept with the object. Only transient faults are tried again.
/// </summary>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(5);

    private readonly S3StoreOptions _options;
    private readonly ILogger _logger;
    private readonly AmazonS3Client _client;
    private readonly ResiliencePipeline _retrying;
    private readonly ResiliencePipeline _once;
    private readonly S3Writer _writer;

    /// <param name="options">Where and how; checked here.</param>
    /// <param name="clock">For time-outs and delays.</param>
    /// <param name="logger">Told of retries.</param>
    /// <exception cref="ArgumentException">The options are not usable; the message names the variable.</exception>
    public S3ObjectStore(S3StoreOptions options, TimeProvider clock, ILogger<S3ObjectStore> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is [string problem, ..])
        {
            throw new ArgumentException(problem, nameof(options));
        }
        _options = options;
        _logger = logger;
        _client = CreateClient(options);
        var timeout = new TimeoutStrategyOptions { Timeout = options.AttemptTimeout };
        _once = new ResiliencePipelineBuilder { TimeProvider = clock }.AddTimeout(timeout).Build();
        _retrying = options.AttemptsMax == 1
            ? _once
            : new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(RetryOptions()).AddTimeout(timeout).Build();
        _writer = new S3Writer(_client, options, _retrying, logger);
    }

    /// <inheritdoc/>
    public string Location => _options.ToString();

    /// <inheritdoc/>
    public Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        ArgumentNullException.ThrowIfNull(content);
        return ExplainAsync(
            "store",
            key,
            async () =>
            {
                await _writer.PutAsync(key, content, ct);
                return true;
            },
            ct);
    }

    /// <inheritdoc/>
    public Task<int> ReadAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return ExplainAsync(
            "read",
            key,
            async () =>
            {
                try
                {
                    return await _retrying.ExecuteAsync(token => ReadOnceAsync(key, position, destination, token), ct);
                }
                catch (AmazonS3Exception e) when (S3Errors.IsMissing(e))
                {
                    throw new ObjectNotFoundException(key, e);
                }
            },
            ct);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, string? after, int limit, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return ExplainAsync(
            "list", prefix, async () => await _retrying.ExecuteAsync(token => ListOnceAsync(prefix, after, limit, token), ct), ct);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string key, CancellationToken ct)
    {
        ObjectKey.ThrowIfInvalid(key);
        return ExplainAsync(
            "delete",
            key,
            async () =>
            {
                try
                {
                    await _retrying.ExecuteAsync(async token => await _client.DeleteObjectAsync(_options.Bucket, key, token), ct);
                }
                catch (AmazonS3Exception e) when (S3Errors.IsMissing(e))
                {
                    // Gone already, as wanted.
                }
                return true;
            },
            ct);
    }

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => ExplainAsync(
        "reach", _options.Bucket, async () => await _once.ExecuteAsync(token => ListOnceAsync("", null, 1, token), ct), ct);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static AmazonS3Client CreateClient(S3StoreOptions options)
    {
        var config = new AmazonS3Config
        {
            AuthenticationRegion = options.Region,
            ForcePathStyle = options.EndpointUrl is not null,
            IgnoreConfiguredEndpointUrls = true,
            MaxErrorRetry = 0,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            Timeout = options.AttemptTimeout,
        };
        if (options.EndpointUrl is not null)
        {
            config.ServiceURL = options.EndpointUrl;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        return options.AccessKeyId is null
            ? new AmazonS3Client(config)
            : new AmazonS3Client(new BasicAWSCredentials(options.AccessKeyId, options.SecretAccessKey), config);
    }

    private RetryStrategyOptions RetryOptions() => new()
    {
        MaxRetryAttempts = _options.AttemptsMax - 1,
        BackoffType = DelayBackoffType.Exponential,
        Delay = _options.RetryDelay,
        MaxDelay = RetryDelayMax,
        UseJitter = true,
        ShouldHandle = arguments => ValueTask.FromResult(S3Errors.IsTransient(arguments.Outcome.Exception, arguments.Context.CancellationToken)),
        OnRetry = arguments =>
        {
            string reason = S3Errors.Explain(arguments.Outcome.Exception!, "use", _options.Bucket, _options).Message;
            Log.Retrying(_logger, reason, arguments.AttemptNumber + 1, (int)arguments.RetryDelay.TotalMilliseconds);
            return ValueTask.CompletedTask;
        },
    };

    private async ValueTask<int> ReadOnceAsync(string key, long position, Memory<byte> destination, CancellationToken ct)
    {
        if (destination.IsEmpty)
        {
            await _client.GetObjectMetadataAsync(_options.Bucket, key, ct);
            return 0;
        }
        try
        {
            using GetObjectResponse response = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = _options.Bucket, Key = key, ByteRange = new ByteRange(position, position + destination.Length - 1) }, ct);
            int read = await response.ResponseStream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, ct);
            return read == response.ContentLength || read == destination.Length
                ? read
                : throw new IOException($"The store promised {response.ContentLength} bytes and sent {read}.");
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return 0;
        }
    }

    private async ValueTask<IReadOnlyList<StoredObject>> ListOnceAsync(string prefix, string? after, int limit, CancellationToken ct)
    {
        ListObjectsV2Response response = await _client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = prefix, StartAfter = after, MaxKeys = limit }, ct);
        if (response.S3Objects is not { Count: > 0 } listed)
        {
            return [];
        }
        var found = new StoredObject[listed.Count];
        for (int i = 0; i < found.Length; i++)
        {
            S3Object o = listed[i];
            found[i] = new StoredObject(o.Key, o.Size ?? 0, o.LastModified is { } modified ? new DateTimeOffset(modified.ToUniversalTime()) : DateTimeOffset.MaxValue);
        }
        return found;
    }

    private async Task<T> ExplainAsync<T>(string verb, string name, Func<Task<T>> work, CancellationToken ct)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutRejectedException
            || (e is IOException and not ObjectStoreException)
            || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw S3Errors.Explain(e, verb, name, _options);
        }
    }
}
