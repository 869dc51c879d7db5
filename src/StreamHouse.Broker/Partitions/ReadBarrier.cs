using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Reads lease rows for requests that must not be answered from memory alone. One read is under way at a time and serves all requests that came
/// before it began: a request joins the next read, never the one in progress, which may have looked before the request arrived.
/// </summary>
internal sealed class ReadBarrier(ILeaseStore leases, TimeProvider clock, FetchOptions options)
{
    private readonly Lock _lock = new();
    private Round? _next;
    private bool _reading;
    private int _waiting;

    /// <summary>The lease rows of partitions as they were at one moment after the call; without those that no longer exist.</summary>
    /// <param name="partitions">Whose.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="BrokerException">
    /// <see cref="BrokerErrorCode.TimedOut"/> when the metadata did not answer within <see cref="FetchOptions.BarrierTimeout"/>;
    /// <see cref="BrokerErrorCode.Overloaded"/> when too many wait already.
    /// </exception>
    public async Task<IReadOnlyDictionary<TopicPartition, Lease>> ReadAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        TaskCompletionSource<IReadOnlyDictionary<TopicPartition, Lease>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Join(answer, partitions))
        {
            _ = ReadRoundsAsync();
        }
        try
        {
            await using (clock.CreateTimer(static a => Expire(a), answer, options.BarrierTimeout, Timeout.InfiniteTimeSpan))
            await using (ct.UnsafeRegister(static (a, token) => Answer(a).TrySetCanceled(token), answer))
            {
                return await answer.Task;
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting--;
            }
        }
    }

    // True when nobody reads, so that the caller has to.
    private bool Join(TaskCompletionSource<IReadOnlyDictionary<TopicPartition, Lease>> answer, IReadOnlyList<TopicPartition> partitions)
    {
        lock (_lock)
        {
            // Those that gave up stay in the next round until it begins.
            if (Math.Max(_waiting, _next?.Answers.Count ?? 0) >= options.WaitingFetchesMax)
            {
                throw new BrokerException(BrokerErrorCode.Overloaded, $"More than {options.WaitingFetchesMax} reads wait already; try again later.");
            }
            _waiting++;
            _next ??= new Round();
            _next.Answers.Add(answer);
            _next.Partitions.UnionWith(partitions);
            bool first = !_reading;
            _reading = true;
            return first;
        }
    }

    private async Task ReadRoundsAsync()
    {
        while (true)
        {
            Round round;
            lock (_lock)
            {
                if (_next is null)
                {
                    _reading = false;
                    return;
                }
                round = _next;
                _next = null;
            }
            await ReadAsync(round);
        }
    }

    // Ends when all its requests have given up, whether the call ends or not: one that hangs must not hold up those that come later.
    private async Task ReadAsync(Round round)
    {
        using CancellationTokenSource limit = new(options.BarrierTimeout, clock);
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (limit.Token.UnsafeRegister(static o => ((TaskCompletionSource)o!).TrySetResult(), over))
        {
            _ = AnswerAsync(round, over, limit.Token);
            await over.Task;
        }
    }

    private async Task AnswerAsync(Round round, TaskCompletionSource over, CancellationToken limit)
    {
        try
        {
            IReadOnlyList<Lease> rows = await leases.ReadLeasesAsync([.. round.Partitions], limit);
            Dictionary<TopicPartition, Lease> byPartition = rows.ToDictionary(r => r.Partition);
            round.Answers.ForEach(a => a.TrySetResult(byPartition));
        }
#pragma warning disable CA1031 // Whatever it was belongs to those who wait.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Exception failure = e is OperationCanceledException or IOException ? Unconfirmed(e) : e;
            round.Answers.ForEach(a => a.TrySetException(failure));
        }
        over.TrySetResult();
    }

    private static void Expire(object? answer) => Answer(answer).TrySetException(Unconfirmed(null));

    private static TaskCompletionSource<IReadOnlyDictionary<TopicPartition, Lease>> Answer(object? answer) =>
        (TaskCompletionSource<IReadOnlyDictionary<TopicPartition, Lease>>)answer!;

    private static BrokerException Unconfirmed(Exception? cause) => new(
        BrokerErrorCode.TimedOut,
        $"The metadata store did not confirm in time that this process leads the partition{(cause is null ? "" : $": {cause.Message}")} Try again.",
        cause);

    private sealed class Round
    {
        public List<TaskCompletionSource<IReadOnlyDictionary<TopicPartition, Lease>>> Answers { get; } = [];

        public HashSet<TopicPartition> Partitions { get; } = [];
    }
}
