namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>A transaction that waits for a thread, runs on it, and completes its caller.</summary>
internal abstract class SqlWork
{
    private const int Waiting = 0;
    private const int Started = 1;
    private const int Cancelled = 2;

    private int _state;

    /// <summary>Whether the caller still wants it. From then on it can no longer be cancelled: its outcome will be told.</summary>
    public bool TryStart() => Interlocked.CompareExchange(ref _state, Started, Waiting) == Waiting;

    /// <summary>Runs the work and keeps its result, without completing the caller.</summary>
    public abstract void Run(SqlSession session);

    /// <summary>Gives the caller the kept result.</summary>
    public abstract void Complete();

    /// <summary>Gives the caller an error.</summary>
    public abstract void Fail(Exception error);

    protected bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting;
}

/// <inheritdoc/>
internal sealed class SqlWork<T> : SqlWork
{
    // Continuations must not run on the thread that owns the connection.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<SqlSession, T> _work;
    private readonly CancellationTokenRegistration _cancellation;
    private T? _result;

    public SqlWork(Func<SqlSession, T> work, CancellationToken ct)
    {
        _work = work;
        _cancellation = ct.UnsafeRegister(
            static (state, token) =>
            {
                SqlWork<T> self = (SqlWork<T>)state!;
                if (self.TryCancel())
                {
                    self._completion.TrySetCanceled(token);
                }
            },
            this);
    }

    public Task<T> Task => _completion.Task;

    public override void Run(SqlSession session) => _result = _work(session);

    public override void Complete()
    {
        _cancellation.Unregister();
        _completion.TrySetResult(_result!);
    }

    public override void Fail(Exception error)
    {
        _cancellation.Unregister();
        _completion.TrySetException(error);
    }
}
