using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Uploads;

/// <summary>One object from sealed slices to committed manifest rows, through every failure on the way.</summary>
internal sealed class SliceUpload(
    Guid clusterId, IObjectStore objects, IManifestStore manifest, NodeLog nodeLog, TailMemory memory, UploadHealth health,
    IRandomSource random, TimeProvider clock, BrokerMetrics metrics, EngineBreak broken, ILogger logger)
{
    /// <summary>
    /// Uploads and, once <paramref name="previous"/> has ended, commits. Ends when every slice is committed or fenced, or when
    /// <paramref name="stopped"/> ends: then what is not committed stays in its tails.
    /// </summary>
    public async Task RunAsync(IReadOnlyList<SealedSlice> slices, Task previous, UploadOptions options, CancellationToken stopped)
    {
        try
        {
            ObjectCommit commit;
            long started;
            do
            {
                started = clock.GetTimestamp();
                commit = await StoreAsync(slices, options, stopped);
                if (broken == EngineBreak.TrimBeforeCommit)
                {
                    foreach (SealedSlice slice in slices)
                    {
                        MarkTiered(slice);
                    }
                }
                await previous;
                stopped.ThrowIfCancellationRequested();
            }
            while (clock.GetElapsedTime(started) > options.UploadTimeout || !await CommitAsync(commit, slices, options, stopped));
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            await previous;
            foreach (SealedSlice slice in slices)
            {
                UploadLog.StoppedWithDataLeft(logger, slice.Partition.Topic, slice.Partition.Partition.Partition);
            }
        }
    }

    // A failed upload may have stored its object all the same, late: each attempt has its own id, so no two can be confused.
    private async Task<ObjectCommit> StoreAsync(IReadOnlyList<SealedSlice> slices, UploadOptions options, CancellationToken stopped)
    {
        for (int attempt = 1; ; attempt++)
        {
            long started = clock.GetTimestamp();
            SegmentObject segment = Build(slices);
            try
            {
                using CancellationTokenSource limit = new(options.UploadTimeout, clock);
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopped);
                await objects.PutAsync(segment.Key, segment.Content, either.Token);
                metrics.UploadSucceeded(clock.GetElapsedTime(started), segment.Bytes);
                health.UploadSucceeded();
                return segment.ToCommit(slices[0].Partition.Holder);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException && !stopped.IsCancellationRequested)
            {
                Exception error = e is OperationCanceledException
                    ? new TimeoutException($"{objects.Location} did not answer within {options.UploadTimeout.TotalSeconds} s.", e)
                    : e;
                metrics.UploadFailed(clock.GetElapsedTime(started));
                health.UploadFailed(error);
                UploadLog.UploadFailed(logger, attempt, slices.Count, error.Message);
                if (broken == EngineBreak.DropFailedUpload)
                {
                    return segment.ToCommit(slices[0].Partition.Holder) with { Slices = [] };
                }
            }
            await BackOffAsync(attempt, options, stopped);
        }
    }

    private SegmentObject Build(IReadOnlyList<SealedSlice> slices)
    {
        Guid id = broken == EngineBreak.ReuseObjectKey ? IdOf(slices[0]) : random.NextGuid();
        SegmentBuilder builder = new(id, clusterId, slices[0].Partition.Holder, clock.GetUtcNow());
        foreach (SealedSlice slice in slices)
        {
            builder.AddSlice(new SliceInput
            {
                Partition = slice.Partition.Partition,
                TopicName = slice.Partition.Topic,
                Epoch = slice.Epoch,
                BaseOffset = slice.BaseOffset,
                EndOffset = slice.EndOffset,
                LogStartOffset = slice.LogStartOffset,
                Batches = slice.Batches,
                Producers = slice.Producers,
            });
        }
        return builder.Build();
    }

    // Returns false when the object must be uploaded again under a new id.
    private async Task<bool> CommitAsync(ObjectCommit commit, IReadOnlyList<SealedSlice> slices, UploadOptions options, CancellationToken stopped)
    {
        (ObjectCommit open, List<SealedSlice> openSlices) = WithoutClosed(commit, slices);
        if (openSlices.Count == 0)
        {
            return true;
        }
        for (int attempt = 1; ; attempt++)
        {
            long started = clock.GetTimestamp();
            try
            {
                IReadOnlyList<SliceOutcome> outcomes = await manifest.CommitAsync(open, stopped);
                health.CommitSucceeded();
                Resolve(open, openSlices, outcomes, clock.GetElapsedTime(started));
                return true;
            }
            catch (ObjectTombstonedException e)
            {
                // An answer: nothing more may come of this upload, if its partitions were closed meanwhile, and no fault must stay behind.
                health.CommitSucceeded();
                UploadLog.UploadFailed(logger, attempt, openSlices.Count, e.Message);
                return false;
            }
            // A broken rule of the tables breaks again however often it is tried; nobody foresaw it, and the process must not hide it.
            catch (Exception e) when (e is IOException or BrokerException { Code: not BrokerErrorCode.Internal })
            {
                metrics.CommitFailed(clock.GetElapsedTime(started));
                health.CommitFailed(e);
                UploadLog.CommitUnresolved(logger, open.ObjectId, e.Message);
                if (broken == EngineBreak.RetryCommitUnderNewId)
                {
                    return false;
                }
            }
            await BackOffAsync(attempt, options, stopped);
        }
    }

    // A partition that was fenced by an earlier commit must not commit a later slice.
    private (ObjectCommit Commit, List<SealedSlice> Slices) WithoutClosed(ObjectCommit commit, IReadOnlyList<SealedSlice> slices)
    {
        List<SealedSlice> open = new(slices.Count);
        List<SliceCommit> commits = new(slices.Count);
        for (int i = 0; i < commit.Slices.Count; i++)
        {
            if (slices[i].Partition.IsOpen || broken == EngineBreak.CommitAfterFencedSlice)
            {
                open.Add(slices[i]);
                commits.Add(commit.Slices[i]);
            }
        }
        // A process that lost its session has closed all it led under that incarnation: what is open is held by the present one.
        return (open.Count == 0 ? commit : commit with { Holder = open[0].Partition.Holder, Slices = commits }, open);
    }

    private void Resolve(ObjectCommit commit, List<SealedSlice> slices, IReadOnlyList<SliceOutcome> outcomes, TimeSpan duration)
    {
        int fenced = 0;
        for (int i = 0; i < slices.Count; i++)
        {
            SealedSlice slice = slices[i];
            if (outcomes[i] == SliceOutcome.Committed)
            {
                slice.Partition.OnCommitted(slice);
                MarkTiered(slice);
                continue;
            }
            fenced++;
            UploadLog.Fenced(logger, slice.Partition.Topic, slice.Partition.Partition.Partition, slice.BaseOffset, slice.EndOffset);
            slice.Partition.Close(
                BrokerErrorCode.Fenced, "The lease on this partition is lost; what was not acknowledged may be sent again to its new leader.");
        }
        metrics.CommitSucceeded(duration, slices.Count - fenced, fenced);
        UploadLog.Committed(logger, commit.ObjectId, slices.Count - fenced, commit.Bytes);
        memory.EvictRetained();
        memory.WakeWaiters();
    }

    private void MarkTiered(SealedSlice slice)
    {
        if (slice.Partition.Durability == Durability.Local)
        {
            nodeLog.MarkTiered(slice.Partition.Group, slice.EndOffset);
        }
    }

    // As those do who name an object by its first offset alone.
    private static Guid IdOf(SealedSlice slice)
    {
        byte[] id = slice.Partition.Partition.Topic.Value.ToByteArray();
        BinaryPrimitives.WriteInt32LittleEndian(id, slice.Partition.Partition.Partition);
        BinaryPrimitives.WriteInt64LittleEndian(id.AsSpan(8), slice.BaseOffset);
        return new Guid(id);
    }

    // Full jitter: concurrent uploads that failed together do not come back together.
    private Task BackOffAsync(int attempt, UploadOptions options, CancellationToken stopped)
    {
        TimeSpan ceiling = options.RetryDelayMax / Math.Max(1, 32 >> Math.Min(attempt - 1, 5));
        return Task.Delay(ceiling * (0.5 + (random.NextDouble() / 2)), clock, stopped);
    }
}
