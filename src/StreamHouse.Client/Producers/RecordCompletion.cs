using System.Threading.Tasks.Sources;

namespace StreamHouse.Client.Producers;

/// <summary>
/// The pooled completion of one record. It goes back to its pool when both its awaiter has taken the result and its batch is finished; one that
/// is never awaited is left to the collector.
/// </summary>
internal sealed class RecordCompletion : IValueTaskSource<RecordMetadata>
{
    private readonly RecordCompletionPool _pool;
    private ManualResetValueTaskSourceCore<RecordMetadata> _core;
    private CancellationTokenRegistration _cancellation;
    private int _completed;
    private int _released;

    public RecordCompletion(RecordCompletionPool pool)
    {
        _pool = pool;

        // The batch completes on the connection's reader, which the user's code must not hold up.
        _core.RunContinuationsAsynchronously = true;
    }

    /// <summary>The record's timestamp, for its metadata.</summary>
    public long TimestampMs { get; set; }

    /// <summary>What the sender awaits. Cancelling ends the wait only: the record is sent all the same.</summary>
    public ValueTask<RecordMetadata> AsTask(CancellationToken ct)
    {
        ValueTask<RecordMetadata> task = new(this, _core.Version);
        if (ct.CanBeCanceled)
        {
            _cancellation = ct.UnsafeRegister(static (state, token) => ((RecordCompletion)state!).Cancel(token), this);
        }
        return task;
    }

    /// <summary>Once per record, by its batch.</summary>
    public void Complete(in RecordMetadata metadata)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _core.SetResult(metadata);
        }
        Release();
    }

    /// <summary>Once per record, by its batch.</summary>
    public void Fail(Exception error)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _core.SetException(error);
        }
        Release();
    }

    /// <summary>When its record never came into a batch.</summary>
    public void Abandon() => _cancellation.Dispose();

    public RecordMetadata GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _core.SetException(new OperationCanceledException("The wait for the acknowledgement was cancelled; the record is still being sent.", ct));
        }
    }

    private void Release()
    {
        if (Interlocked.Increment(ref _released) == 2)
        {
            _cancellation.Dispose();
            _cancellation = default;
            _released = 0;
            _completed = 0;
            _core.Reset();
            _pool.Return(this);
        }
    }
}

/// <summary>Keeps completions for use again.</summary>
/// <param name="keptMax">Most completions kept.</param>
internal sealed class RecordCompletionPool(int keptMax)
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<RecordCompletion> _kept = new();
    private int _count;

    public RecordCompletion Rent()
    {
        if (_kept.TryDequeue(out RecordCompletion? completion))
        {
            Interlocked.Decrement(ref _count);
            return completion;
        }
        return new RecordCompletion(this);
    }

    public void Return(RecordCompletion completion)
    {
        if (Interlocked.Increment(ref _count) <= keptMax)
        {
            _kept.Enqueue(completion);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
