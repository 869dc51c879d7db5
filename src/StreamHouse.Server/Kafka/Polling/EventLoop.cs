using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Server.Kafka.Polling;

/// <summary>
/// One thread that hears what happens on many sockets, and goes on right there with whoever waits for it: a short request is read and begun
/// without waking another thread, which would cost more than the request. What takes longer leaves the loop, see <see cref="LeaveAsync"/>.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const int ChangesBytes = 16 * 256;
    private const long NobodysName = -1;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly Lock _gate = new();
    private readonly SafeFileHandle _poll;
    private readonly SafeFileHandle _waker;
    private readonly Thread _thread;
    private readonly LoopContext _context;
    private readonly LoopTimers _timers;
    private PolledSocket?[] _sockets = new PolledSocket?[256];
    private volatile bool _stopping;
    private int _awake = 1;
    private int _generation;

    /// <summary>Starts the thread.</summary>
    /// <exception cref="IOException">There are no file descriptors left.</exception>
    public EventLoop()
    {
        _poll = SocketCalls.CreatePoll();
        try
        {
            _waker = SocketCalls.CreateWaker();
            SocketCalls.Watch(_poll, (int)_waker.DangerousGetHandle(), NobodysName);
        }
        catch
        {
            _waker?.Dispose();
            _poll.Dispose();
            throw;
        }
        _context = new LoopContext(this);
        _timers = new LoopTimers(this, TimeProvider.System);
        _thread = new Thread(Run) { IsBackground = true, Name = "kafka-io" };
        _thread.UnsafeStart();
    }

    /// <summary>Whether the current thread is a loop's.</summary>
    public static bool IsCurrent => _current is not null;

    /// <summary>
    /// From here on what an asynchronous method awaits goes on on this thread, if it is a loop's; its caller gets back the context it had.
    /// Whatever is begun meanwhile comes back to the loop too, for as long as it lives: nothing of it may take long at a time.
    /// </summary>
    public static void Stay()
    {
        if (_current is { } loop)
        {
            SynchronizationContext.SetSynchronizationContext(loop._context);
        }
    }

    /// <summary>The opposite: whoever waits for the method goes on right here, and what is begun then goes on wherever it ends.</summary>
    public static void StayNoMore()
    {
        if (_current is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    /// <summary>Goes on on the loop's thread; what is awaited later goes on wherever that ends.</summary>
    public EnterAwaiter EnterAsync() => new(this);

    /// <summary>Goes on on a pool thread, if this is a loop's.</summary>
    public static ConfiguredTaskAwaitable LeaveAsync() =>
        Task.CompletedTask.ConfigureAwait(_current is not null ? ConfigureAwaitOptions.ForceYielding : ConfigureAwaitOptions.None);

    /// <summary>Signals a socket from now on.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="descriptor">Its number, which it must hold on to during the call.</param>
    /// <exception cref="IOException">It cannot be watched, or the loop has been disposed of.</exception>
    public void Add(PolledSocket socket, int descriptor)
    {
        lock (_gate)
        {
            if (_stopping)
            {
                throw new IOException("The server stops.");
            }
            if (descriptor >= _sockets.Length)
            {
                PolledSocket?[] larger = new PolledSocket?[Math.Max(descriptor + 1, 2 * _sockets.Length)];
                _sockets.CopyTo(larger, 0);
                Volatile.Write(ref _sockets, larger);
            }
            _sockets[descriptor] = socket;
            // A change that was told before its socket was closed must not be taken for one of the socket that got the number next.
            socket.Generation = ++_generation;
            SocketCalls.Watch(_poll, descriptor, ((long)socket.Generation << 32) | (uint)descriptor);
        }
    }

    /// <summary>Signals it no more, if it still has the number.</summary>
    public void Remove(PolledSocket socket, int descriptor)
    {
        lock (_gate)
        {
            if (descriptor < _sockets.Length && _sockets[descriptor] == socket)
            {
                _sockets[descriptor] = null;
            }
        }
    }

    /// <summary>Makes a timer that calls back on the loop's thread.</summary>
    public LoopTimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        LoopTimer timer = new(_timers, callback, state);
        _timers.Set(timer, dueTime, period);
        return timer;
    }

    /// <summary>Makes the loop look for what is new, if it waits. From any thread.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _awake, 1) != 0)
        {
            return;
        }
        try
        {
            SocketCalls.Wake(_waker);
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile, and the pool goes on.
        }
    }

    /// <summary>Ends the thread. No socket may need it any more.</summary>
    /// <exception cref="InvalidOperationException">It is called on that thread.</exception>
    public void Dispose()
    {
        if (_current == this)
        {
            throw new InvalidOperationException("An event loop cannot wait for itself.");
        }
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }
            _stopping = true;
        }
        Wake();
        _thread.Join();
        _timers.End();
        _context.End();
        _waker.Dispose();
        _poll.Dispose();
    }

    private void Run()
    {
        _current = this;
        byte[] changes = GC.AllocateArray<byte>(ChangesBytes, pinned: true);
        while (!_stopping)
        {
            int count = SocketCalls.Wait(_poll, changes, MillisecondsToWait());
            Volatile.Write(ref _awake, 1);
            for (int i = 0; i < count; i++)
            {
                (uint events, long name) = SocketCalls.Change(changes, i);
                if (name != NobodysName && Find(name) is { } socket)
                {
                    socket.Signal(events);
                }
            }
            _timers.Run(_context);
            _context.Run();
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    private PolledSocket? Find(long name)
    {
        PolledSocket?[] sockets = Volatile.Read(ref _sockets);
        PolledSocket? socket = sockets[(int)name];
        return socket?.Generation == (int)(name >> 32) ? socket : null;
    }

    // From here on whoever has something for the loop wakes it; what came before is seen here.
    private int MillisecondsToWait()
    {
        Interlocked.Exchange(ref _awake, 0);
        return _context.IsEmpty && !_stopping ? _timers.UntilNext() : 0;
    }

    /// <summary>See <see cref="EnterAsync"/>.</summary>
    internal readonly struct EnterAwaiter(EventLoop loop) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public EnterAwaiter GetAwaiter() => this;

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => loop._context.Post(
            static action =>
            {
                SynchronizationContext? context = SynchronizationContext.Current;
                SynchronizationContext.SetSynchronizationContext(null);
                ((Action)action!)();
                SynchronizationContext.SetSynchronizationContext(context);
            },
            continuation);

        public void GetResult()
        {
        }
    }
}
