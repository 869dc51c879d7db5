using System.Threading.Tasks.Sources;

namespace StreamHouse.Storage.NodeLogs;

/// <summary>
/// The one thread that does a log's I/O. Operations run in order. Whoever awaits a write continues on this thread, and while the thread is the
/// caller and nothing else waits, writes run in place: a busy log writer never leaves it. Rare operations continue elsewhere.
/// </summary>
internal sealed class DeviceThread : IDisposable
{
    private readonly Queue<DeviceOperation> _queue = new();
    private readonly Thread _thread;
    private bool _stopping;

    public DeviceThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>The caller is this thread and may do its I/O right away.</summary>
    public bool CanRunInPlace
    {
        get
        {
            if (Thread.CurrentThread != _thread)
            {
                return false;
            }
            lock (_queue)
            {
                return _queue.Count == 0;
            }
        }
    }

    /// <summary>Has the thread run an operation after those before it.</summary>
    /// <returns>False when it ends: the operation never runs.</returns>
    public bool TryEnqueue(DeviceOperation operation)
    {
        lock (_queue)
        {
            if (_stopping)
            {
                return false;
            }
            _queue.Enqueue(operation);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_queue);
            }
            return true;
        }
    }

    /// <summary>Runs something rare on the thread.</summary>
    public Task<T> RunAsync<T>(Func<T> action)
    {
        var operation = new FunctionOperation<T>(action);
        ObjectDisposedException.ThrowIf(!TryEnqueue(operation), this);
        return operation.Result;
    }

    /// <summary>Finishes what is queued and ends the thread.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _stopping = true;
            Monitor.Pulse(_queue);
        }
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        while (true)
        {
            DeviceOperation? operation;
            lock (_queue)
            {
                while (!_queue.TryDequeue(out operation))
                {
                    if (_stopping)
                    {
                        return;
                    }
                    Monitor.Wait(_queue);
                }
            }
            operation.Run();
        }
    }

    private sealed class FunctionOperation<T>(Func<T> action) : DeviceOperation
    {
        // Whoever opens or closes a log must not find itself on this thread afterwards: it would block the I/O it waits for.
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _done.Task;

        public override void Run()
        {
            T result;
            try
            {
                result = action();
            }
            catch (Exception e)
            {
                _done.SetException(e);
                return;
            }
            _done.SetResult(result);
        }
    }
}

/// <summary>Something the device's thread is to do.</summary>
internal abstract class DeviceOperation
{
    public abstract void Run();
}

/// <summary>
/// An operation that is awaited without allocation. It is queued when the awaiter registers its continuation, so that the continuation always
/// runs on the device's thread, never on the caller's stack.
/// </summary>
internal abstract class AwaitedOperation(DeviceThread thread) : DeviceOperation, IValueTaskSource
{
    private Action<object?>? _continuation;
    private object? _state;
    private SynchronizationContext? _context;
    private Exception? _failure;
    private bool _completed;
    private short _version;

    public ValueTask Task => new(this, _version);

    public ValueTaskSourceStatus GetStatus(short token)
    {
        Check(token);
        return !_completed ? ValueTaskSourceStatus.Pending : _failure is null ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Check(token);
        _continuation = continuation;
        _state = state;
        _context = flags.HasFlag(ValueTaskSourceOnCompletedFlags.UseSchedulingContext) ? SynchronizationContext.Current : null;
        if (!thread.TryEnqueue(this))
        {
            // An awaiter cannot be thrown at: it is told like of any other failure, elsewhere, since it must not run on its own stack.
            _failure = new ObjectDisposedException(nameof(FolderLogDevice));
            ThreadPool.UnsafeQueueUserWorkItem(static operation => operation.Complete(), this, preferLocal: false);
        }
    }

    public void GetResult(short token)
    {
        Check(token);
        Exception? failure = _failure;
        _continuation = null;
        _state = null;
        _context = null;
        _failure = null;
        _completed = false;
        _version++;
        Recycle();
        if (failure is not null)
        {
            throw failure;
        }
    }

    public override void Run()
    {
        try
        {
            Execute();
        }
        catch (Exception e)
        {
            _failure = e;
        }
        Complete();
    }

    protected abstract void Execute();

    /// <summary>Nobody uses the operation any more.</summary>
    protected abstract void Recycle();

    private void Complete()
    {
        Action<object?> continuation = _continuation!;
        object? state = _state;
        SynchronizationContext? context = _context;
        _completed = true;
        if (context is null)
        {
            continuation(state);
        }
        else
        {
            context.Post(_ => continuation(state), null);
        }
    }

    private void Check(short token)
    {
        if (token != _version)
        {
            throw new InvalidOperationException("A device operation was awaited twice.");
        }
    }
}
