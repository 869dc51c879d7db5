using System.Net;
using System.Runtime.ExceptionServices;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Polly;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>The writing half of the S3 store: one conditional request, or several parts for large objects.</summary>
internal sealed class S3Writer(AmazonS3Client client, S3StoreOptions options, ResiliencePipeline retrying, ILogger logger)
{
    // Kept with the object: tells our own bytes, stored by an attempt whose answer was lost, from somebody else's.
    private const string WriteIdName = "x-amz-meta-streamhouse-write";
    private const string OnlyIfNew = "*";

    private volatile bool _unconditional;

    public async Task PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        long bytes = 0;
        foreach (ReadOnlyMemory<byte> piece in content)
        {
            bytes += piece.Length;
        }
        var write = new Write(key, content, bytes, Guid.NewGuid().ToString("N"));
        if (bytes >= options.MultipartFromBytes)
        {
            await PutPartsAsync(write, ct);
        }
        else
        {
            await ConditionallyAsync(write, condition => PutWholeAsync(write, condition, ct), ct);
        }
    }

    /// <summary>Runs the request that makes an object visible, under a condition where the store knows conditions.</summary>
    private async Task ConditionallyAsync(Write write, Func<string?, Task> request, CancellationToken ct)
    {
        if (!_unconditional)
        {
            try
            {
                await request(OnlyIfNew);
                return;
            }
            catch (AmazonS3Exception e) when (S3Errors.IsTaken(e) || e.ErrorCode == "NoSuchUpload")
            {
                await ThrowIfNotOursAsync(write, e, ct);
                return;
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotImplemented)
            {
                _unconditional = true;
                Log.Unconditional(logger, options.ToString());
            }
        }
        if (await FindAsync(write.Key, ct) is not null)
        {
            throw new ObjectExistsException(write.Key);
        }
        try
        {
            await request(null);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
        {
            await ThrowIfNotOursAsync(write, e, ct);
        }
    }

    private async Task PutWholeAsync(Write write, string? condition, CancellationToken ct) => await retrying.ExecuteAsync(
        async token =>
        {
            var request = new PutObjectRequest
            {
                BucketName = options.Bucket,
                Key = write.Key,
                InputStream = new PiecesStream(write.Content, 0, write.Bytes),
                IfNoneMatch = condition,
            };
            request.Metadata[WriteIdName] = write.Id;
            await client.PutObjectAsync(request, token);
        },
        ct);

    private async Task PutPartsAsync(Write write, CancellationToken ct)
    {
        var begin = new InitiateMultipartUploadRequest { BucketName = options.Bucket, Key = write.Key };
        begin.Metadata[WriteIdName] = write.Id;
        InitiateMultipartUploadResponse begun = await retrying.ExecuteAsync(
            async token => await client.InitiateMultipartUploadAsync(begin, token), ct);
        try
        {
            List<PartETag> parts = await SendPartsAsync(write, begun.UploadId, ct);

            // Not every store that accepts the condition looks at it when it puts parts together; keys are fresh, so looking first is enough.
            if (await FindAsync(write.Key, ct) is not null)
            {
                throw new ObjectExistsException(write.Key);
            }
            await ConditionallyAsync(write, condition => CompleteAsync(write, begun.UploadId, parts, condition, ct), ct);
        }
        catch
        {
            await AbortAsync(write.Key, begun.UploadId);
            throw;
        }
    }

    private async Task<List<PartETag>> SendPartsAsync(Write write, string uploadId, CancellationToken ct)
    {
        int count = (int)((write.Bytes + options.PartBytes - 1) / options.PartBytes);
        var parts = new PartETag[count];
        int next = -1;
        ExceptionDispatchInfo? fault = null;
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var senders = new Task[Math.Min(count, options.PartsInFlightMax)];
        for (int i = 0; i < senders.Length; i++)
        {
            senders[i] = SendAsync();
        }
        await Task.WhenAll(senders);
        fault?.Throw();
        return [.. parts];

        async Task SendAsync()
        {
            try
            {
                for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                {
                    parts[i] = await SendPartAsync(write, uploadId, i, failed.Token);
                }
            }
            catch (Exception e)
            {
                // The first fault tells what happened; the others only follow from it.
                Interlocked.CompareExchange(ref fault, ExceptionDispatchInfo.Capture(e), null);
                await failed.CancelAsync();
            }
        }
    }

    private async Task<PartETag> SendPartAsync(Write write, string uploadId, int index, CancellationToken ct)
    {
        long start = (long)index * options.PartBytes;
        long length = Math.Min(options.PartBytes, write.Bytes - start);
        UploadPartResponse sent = await retrying.ExecuteAsync(
            async token => await client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = options.Bucket,
                    Key = write.Key,
                    UploadId = uploadId,
                    PartNumber = index + 1,
                    PartSize = length,
                    InputStream = new PiecesStream(write.Content, start, length),
                },
                token),
            ct);
        return new PartETag(index + 1, sent.ETag);
    }

    private async Task CompleteAsync(Write write, string uploadId, List<PartETag> parts, string? condition, CancellationToken ct) =>
        await retrying.ExecuteAsync(
            async token => await client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = options.Bucket,
                    Key = write.Key,
                    UploadId = uploadId,
                    PartETags = parts,
                    IfNoneMatch = condition,
                },
                token),
            ct);

    // Parts that stay behind cost money and are seen by nobody: try even when the write was cancelled.
    private async Task AbortAsync(string key, string uploadId)
    {
        try
        {
            using var patience = new CancellationTokenSource(options.AttemptTimeout);
            await retrying.ExecuteAsync(async token => await client.AbortMultipartUploadAsync(options.Bucket, key, uploadId, token), patience.Token);
        }
        catch (Exception e)
        {
            Log.AbortFailed(logger, key, e.Message);
        }
    }

    private async Task ThrowIfNotOursAsync(Write write, AmazonS3Exception cause, CancellationToken ct)
    {
        GetObjectMetadataResponse? found = await FindAsync(write.Key, ct)
            ?? throw new ObjectStoreException($"Storing '{write.Key}' failed: its parts are gone and there is no such object.", cause);
        if (found.ContentLength != write.Bytes || found.Metadata[WriteIdName] != write.Id)
        {
            throw new ObjectExistsException(write.Key, cause);
        }
        Log.AnswerWasLost(logger, write.Key);
    }

    private async Task<GetObjectMetadataResponse?> FindAsync(string key, CancellationToken ct)
    {
        try
        {
            return await retrying.ExecuteAsync(async token => await client.GetObjectMetadataAsync(options.Bucket, key, token), ct);
        }
        catch (AmazonS3Exception e) when (S3Errors.IsMissing(e))
        {
            return null;
        }
    }

    private sealed record Write(string Key, IReadOnlyList<ReadOnlyMemory<byte>> Content, long Bytes, string Id);
}
