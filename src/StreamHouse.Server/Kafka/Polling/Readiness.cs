using System.Threading.Tasks.Sources;

namespace StreamHouse.Server.Kafka.Polling;

/// <summary>
/// Whether one direction of a socket is worth a try, and who waits for that: one user at a time, told by an event loop that hears of changes
/// only. The user says <see cref="Tried"/> before each try, so that a change during it is not missed.
/// </summary>
internal sealed class Readiness : IValueTaskSource<int>, IThreadPoolWorkItem
{
    private const int Unknown = 0;
    private const int Worthwhile = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<int> _wait;
    private int _state;
    private volatile bool _ended;
    private bool _onPool;

    /// <summary>Before each try.</summary>
    public void Tried()
    {
        // In this order, as End has it the other way round: else each could miss what the other has just done.
        Interlocked.Exchange(ref _state, Unknown);
        if (_ended)
        {
            Volatile.Write(ref _state, Worthwhile);
        }
    }

    /// <summary>The try left something: the next need not wait.</summary>
    public void Set() => Volatile.Write(ref _state, Worthwhile);

    /// <summary>Ends when a try is worthwhile.</summary>
    /// <param name="onPool">Whether to go on on a pool thread; else the event loop's own goes on, and must not be kept long.</param>
    /// <returns>Zero: what receiving into an empty buffer returns.</returns>
    public ValueTask<int> WaitAsync(bool onPool)
    {
        _wait.Reset();
        _onPool = onPool;
        return Interlocked.CompareExchange(ref _state, Awaited, Unknown) == Unknown ? new ValueTask<int>(this, _wait.Version) : new ValueTask<int>(0);
    }

    /// <summary>Something has changed.</summary>
    /// <param name="mayRun">Whether the waiting user may go on on this thread.</param>
    public void Signal(bool mayRun)
    {
        if (Interlocked.Exchange(ref _state, Worthwhile) != Awaited)
        {
            return;
        }
        if (mayRun && !_onPool)
        {
            _wait.SetResult(0);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>This direction has ended: no change will be heard of any more, and no try finds nothing.</summary>
    public void End(bool mayRun)
    {
        _ended = true;
        Signal(mayRun);
    }

    void IThreadPoolWorkItem.Execute() => _wait.SetResult(0);

    int IValueTaskSource<int>.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);
}
