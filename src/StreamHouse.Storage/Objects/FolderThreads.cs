using System.Collections.Concurrent;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>Threads of its own for one kind of blocking file work, fed by one bounded queue, so that slow disks never hold the thread pool.</summary>
internal sealed class FolderThreads : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly BlockingCollection<Call> _queue;
    private readonly Thread[] _threads;

    public FolderThreads(string name, int threads, int queuedCallsMax)
    {
        _queue = new BlockingCollection<Call>(new ConcurrentQueue<Call>(), queuedCallsMax);
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Work, StackBytes) { IsBackground = true, Name = $"{name}-{i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Runs <paramref name="work"/> on one of the threads. A call that is cancelled before its turn does not run.</summary>
    /// <exception cref="ObjectStoreException">Too many calls wait.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken ct)
    {
        var call = new Call<T>(work, ct);
        ObjectDisposedException.ThrowIf(_queue.IsAddingCompleted, this);
        if (!_queue.TryAdd(call, 0, CancellationToken.None))
        {
            return Task.FromException<T>(new ObjectStoreException($"The object folder is overloaded: {_queue.BoundedCapacity} calls wait. Try again."));
        }
        return call.Task;
    }

    /// <summary>Lets queued calls finish, then ends the threads.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
        _queue.Dispose();
    }

    private void Work()
    {
        foreach (Call call in _queue.GetConsumingEnumerable())
        {
            call.Run();
        }
    }

    private abstract class Call
    {
        public abstract void Run();
    }

    private sealed class Call<T>(Func<T> work, CancellationToken ct) : Call
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => _done.Task;

        public override void Run()
        {
            if (ct.IsCancellationRequested)
            {
                _done.SetCanceled(ct);
                return;
            }
            try
            {
                _done.SetResult(work());
            }
            catch (OperationCanceledException e)
            {
                _done.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
        }
    }
}
