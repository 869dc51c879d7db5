using System.ComponentModel.DataAnnotations;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>Serves reads: from the tails in memory, from objects below them, and waits when there is not enough yet.</summary>
internal sealed class FetchCoordinator(
    Func<TopicPartition, PartitionWriter?> find, Func<TopicPartition, BrokerErrorCode> whyUnknown, TieredReader tiered, TimeProvider clock, BrokerMetrics metrics, FetchOptions options)
{
    private readonly WaitTimeouts _timeouts = new(clock);
    private int _waiting;

    /// <summary>Reads that wait now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>See <see cref="IBroker.FetchAsync"/>.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken ct)
    {
        if (request.WaitMax < TimeSpan.Zero || request.BytesMax < 0 || request.BytesMin < 0)
        {
            return Refuse(request, BrokerErrorCode.InvalidRequest, "Wait and byte limits of a fetch must not be negative.");
        }
        long started = clock.GetTimestamp();
        while (true)
        {
            (FetchResult result, int enough) = await ReadAsync(request, started, ct);
            TimeSpan left = request.WaitMax - clock.GetElapsedTime(started);
            int bytes = 0;
            bool answer = left <= TimeSpan.Zero;
            foreach (PartitionFetch partition in result.Partitions)
            {
                bytes += partition.Bytes;
                answer |= partition.Error != BrokerErrorCode.None;
            }
            if (answer || bytes >= enough)
            {
                Finish(result);
                return result;
            }
            // Whoever waits holds nothing: it needs only the marks, and will read anew.
            result.Dispose();
            if (Interlocked.Increment(ref _waiting) > options.WaitingFetchesMax)
            {
                Interlocked.Decrement(ref _waiting);
                return Refuse(request, BrokerErrorCode.Overloaded, $"More than {options.WaitingFetchesMax} fetches wait already; try again later.");
            }
            metrics.FetchWaits();
            try
            {
                await WaitAsync(request, result, enough - bytes, left, ct);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
                metrics.FetchResumed();
            }
            ct.ThrowIfCancellationRequested();
        }
    }

    // Reads within the budget. Enough are the bytes that need not be waited with: fewer than wanted when there is no room for those.
    private async ValueTask<(FetchResult Result, int Enough)> ReadAsync(FetchRequest request, long started, CancellationToken ct)
    {
        int enough = Math.Max(1, request.BytesMin);
        if (request.Budget is not { } budget)
        {
            return (await ReadAsync(request, request.BytesMax, mayRead: true, null, ct), enough);
        }
        int wanted = BytesMaxOf(request);
        TimeSpan left = request.WaitMax - clock.GetElapsedTime(started);
        int reserved = await budget.ReserveAsync(wanted, left < TimeSpan.Zero ? TimeSpan.Zero : left, ct);
        FetchHold hold = new(reserved);
        try
        {
            FetchResult result = await ReadAsync(request, Math.Min(request.BytesMax, reserved), mayRead: reserved > 0, hold, ct);
            result.ChargeTo(budget);
            return (result, hold.IsCut || reserved < Math.Min(enough, wanted) ? 1 : enough);
        }
        finally
        {
            budget.Release(reserved - hold.Bytes);
        }
    }

    private static int BytesMaxOf(FetchRequest request)
    {
        long bytes = 0;
        for (int i = 0; i < request.Partitions.Count && bytes < request.BytesMax; i++)
        {
            bytes += Math.Max(0, request.Partitions[i].BytesMax);
        }
        return (int)Math.Min(request.BytesMax, bytes);
    }

    private async ValueTask<FetchResult> ReadAsync(FetchRequest request, int bytesMax, bool mayRead, FetchHold? hold, CancellationToken ct)
    {
        PartitionFetch[] results = new PartitionFetch[request.Partitions.Count];
        try
        {
            await ReadIntoAsync(results, request, bytesMax, mayRead, hold, ct);
        }
        catch
        {
            // Cancelled half way, perhaps: nobody else knows of the references gathered until then.
            foreach (PartitionFetch? gathered in results)
            {
                hold?.Leave(gathered?.LeaveBuffers() ?? 0);
                gathered?.Release();
            }
            throw;
        }
        return new FetchResult(results);
    }

    private async ValueTask ReadIntoAsync(
        PartitionFetch[] results, FetchRequest request, int bytesMax, bool mayRead, FetchHold? hold, CancellationToken ct)
    {
        long total = 0;
        for (int i = 0; i < results.Length; i++)
        {
            FetchPartition wanted = request.Partitions[i];
            if (request.Refused?[i] is { } refused)
            {
                results[i] = refused;
                continue;
            }
            PartitionWriter? partition = find(wanted.Partition);
            if (partition is null)
            {
                results[i] = Unknown(wanted.Partition);
                continue;
            }
            bool wholeFirst = mayRead && total == 0;
            int limit = (int)Math.Clamp(bytesMax - total, 0, Math.Max(0, wanted.BytesMax));
            PartitionFetch fetch = results[i] = partition.Read(wanted, limit, wholeFirst, hold, out bool belowTail);
            if (belowTail && (limit > 0 || wholeFirst))
            {
                fetch = results[i] = await tiered.ReadAsync(partition, wanted, fetch, limit, wholeFirst, ct);
                if (fetch.Bytes > 0)
                {
                    // Of the partition that was read, which may be deleted or led anew by now.
                    fetch.RefreshEnds(partition.Describe());
                }
            }
            fetch.Source = belowTail ? ReadSource.Segment : ReadSource.Tail;
            total += fetch.Bytes;
        }
    }

    private void Finish(FetchResult result)
    {
        foreach (PartitionFetch partition in result.Partitions)
        {
            if (partition.Bytes > 0)
            {
                metrics.BatchesRead(partition.Source, partition.Records, partition.Bytes);
            }
        }
    }

    private async Task WaitAsync(FetchRequest request, FetchResult seen, int missingBytes, TimeSpan wait, CancellationToken ct)
    {
        FetchWaiter waiter = new(missingBytes);
        int registered = 0;
        try
        {
            for (; registered < request.Partitions.Count; registered++)
            {
                FetchPartition wanted = request.Partitions[registered];
                if (find(wanted.Partition) is not { } partition || !partition.TryWait(waiter, wanted, seen.Partitions[registered].HighWatermark))
                {
                    return;
                }
            }
            _timeouts.WakeAfter(waiter, wait);
            await using CancellationTokenRegistration cancelled = ct.UnsafeRegister(static w => ((FetchWaiter)w!).Wake(), waiter);
            await waiter.Woken;
        }
        finally
        {
            _timeouts.End(waiter);
            for (int i = 0; i < registered; i++)
            {
                find(request.Partitions[i].Partition)?.EndWait(waiter);
            }
        }
    }

    /// <summary>The answer for a partition that is not there.</summary>
    public PartitionFetch Unknown(TopicPartition partition) =>
        new() { Partition = partition, Error = whyUnknown(partition), Message = $"There is no partition {partition}." };

    private static FetchResult Refuse(FetchRequest request, BrokerErrorCode code, string message)
    {
        PartitionFetch[] refused = new PartitionFetch[request.Partitions.Count];
        for (int i = 0; i < refused.Length; i++)
        {
            refused[i] = new PartitionFetch { Partition = request.Partitions[i].Partition, Error = code, Message = message };
        }
        return new FetchResult(refused);
    }
}

/// <summary>Limits of reads.</summary>
public sealed record FetchOptions
{
    /// <summary>Reads that may wait at once; above it they are refused with a retriable error. 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int WaitingFetchesMax { get; init; } = 100_000;

    /// <summary>
    /// How long a linearizable read may wait for the metadata to confirm that its partitions are led here, besides its wait for data; then it is
    /// refused with a retriable error. 10 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan BarrierTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
