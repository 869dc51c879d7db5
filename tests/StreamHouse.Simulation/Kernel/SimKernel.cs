using System.Diagnostics;

namespace StreamHouse.Simulation.Kernel;

/// <summary>
/// One thread, virtual time. Work that is ready runs in an order the seed chooses; when nothing is ready, time moves on to the next timer.
/// While it runs it is the current task scheduler, and each piece of work sees its process's synchronization context, so that whatever
/// is awaited resumes here.
/// </summary>
internal sealed class SimKernel
{
    private static readonly TimeSpan EscapeWait = TimeSpan.FromSeconds(3);

    private readonly TimerQueue _timers = new();
    private readonly List<Work> _ready = [];
    private readonly SimRandom _order;
    private readonly SimScheduler _scheduler;
    private Thread? _thread;
    private Exception? _failure;
    private Exception? _escape;
    private long _nowTicks;
    private long _sequence;

    public SimKernel(ulong seed, TextWriter? everything = null)
    {
        SimRandom random = new(seed);
        _order = random.Fork();
        Random = random;
        Trace = new SimTrace(this, everything);
        World = new SimProcess(this, "world", random.Fork());
        _scheduler = new SimScheduler(this);
    }

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(_nowTicks);

    /// <summary>Where the parts of the world fork their generators from, in a fixed order.</summary>
    public SimRandom Random { get; }

    public SimTrace Trace { get; }

    /// <summary>What never crashes nor pauses: disks, stores, wires, and the script of the run.</summary>
    public SimProcess World { get; }

    /// <summary>Pieces of work run so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Called between two pieces of work, when set.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Runs <paramref name="main"/> in the world until it ends.</summary>
    /// <exception cref="SimulationEscapeException">Work ran on another thread.</exception>
    /// <exception cref="SimulationStuckException">Nothing is left to do and <paramref name="main"/> has not ended, or it took too many steps or too much virtual time.</exception>
    public void Run(Func<Task> main, long stepsMax = long.MaxValue, TimeSpan? timeMax = null)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        _thread = Thread.CurrentThread;
        Task loop = new(() => Loop(main, stepsMax, timeMax ?? TimeSpan.MaxValue));
        try
        {
            loop.RunSynchronously(_scheduler);
        }
        finally
        {
            _thread = null;
            SynchronizationContext.SetSynchronizationContext(before);
        }
        loop.GetAwaiter().GetResult();
    }

    /// <summary>Ends the run with a failure.</summary>
    public void Fail(Exception cause)
    {
        Trace.Add("kernel", $"failed: {cause.GetType().Name}: {cause.Message}");
        _failure ??= cause;
    }

    /// <summary>Calls back in a process after a delay.</summary>
    public SimTimer Schedule(SimProcess process, TimeSpan delay, SendOrPostCallback callback, object? state)
    {
        CheckThread("A timer was set");
        SimTimer timer = new(process, callback, state);
        Arm(timer, delay.Ticks);
        return timer;
    }

    /// <summary>A task that ends after a delay, in the world's time whatever the caller's clock says.</summary>
    public Task DelayAsync(TimeSpan delay)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Schedule(World, delay, static d => ((TaskCompletionSource)d!).TrySetResult(), done);
        return done.Task;
    }

    internal void Arm(SimTimer timer, long delayTicks)
    {
        (timer.Due, timer.Sequence) = (_nowTicks + Math.Max(0, delayTicks), _sequence++);
        _timers.Add(timer);
    }

    internal void Disarm(SimTimer timer)
    {
        if (timer.Slot >= 0 && CheckThread("A timer was cancelled"))
        {
            _timers.Remove(timer);
        }
    }

    internal void Post(SimProcess process, SendOrPostCallback callback, object? state)
    {
        if (CheckThread("Work resumed"))
        {
            _ready.Add(new Work(process, callback, state));
        }
    }

    /// <summary>Notes an escape: it ends the run, on the kernel's own thread.</summary>
    /// <returns>Whether the caller is where it belongs.</returns>
    internal bool CheckThread(string what)
    {
        if (Thread.CurrentThread == _thread)
        {
            return true;
        }
        // After the end of a run nobody cares any more about what the crashed have left behind.
        if (_thread is not null)
        {
            Volatile.Write(ref _escape, new SimulationEscapeException($"{what} on thread {Environment.CurrentManagedThreadId}:{Environment.NewLine}{new StackTrace(1)}"));
        }
        return false;
    }

    private void Loop(Func<Task> main, long stepsMax, TimeSpan timeMax)
    {
        Task? ending = null;
        Post(World, _ => ending = main(), null);
        while (ending is not { IsCompleted: true })
        {
            ThrowIfFailed();
            if (_ready.Count == 0 && !AdvanceTime())
            {
                throw WhyStuck();
            }
            if (_ready.Count > 0)
            {
                RunOne();
                AfterStep?.Invoke();
            }
            if (Steps > stepsMax || Now > timeMax)
            {
                throw new SimulationStuckException($"No end after {Steps} steps; it is {Now}.");
            }
        }
        ThrowIfFailed();
        ending.GetAwaiter().GetResult();
    }

    // What is missing may be running on another thread: that is to be told apart from what never comes.
    private Exception WhyStuck()
    {
        SpinWait.SpinUntil(() => Volatile.Read(ref _escape) is not null, EscapeWait);
        return Volatile.Read(ref _escape) ?? new SimulationStuckException($"Nothing is left to do at {Now}, but the run has not ended.");
    }

    private void RunOne()
    {
        int chosen = _ready.Count == 1 ? 0 : _order.Next(_ready.Count);
        Work work = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (!work.Process.MayRun(work))
        {
            return;
        }
        Steps++;
        SynchronizationContext.SetSynchronizationContext(work.Process.Context);
        try
        {
            work.Callback(work.State);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // Everything that is due at the same moment becomes ready together.
    private bool AdvanceTime()
    {
        while (_timers.TryPeek(out SimTimer timer))
        {
            if (_ready.Count > 0 && timer.Due > _nowTicks)
            {
                return true;
            }
            _timers.Remove(timer);
            if (timer.Process.Alive)
            {
                _nowTicks = Math.Max(_nowTicks, timer.Due);
                _ready.Add(new Work(timer.Process, timer.Callback, timer.State));
            }
        }
        return _ready.Count > 0;
    }

    private void ThrowIfFailed()
    {
        if ((Volatile.Read(ref _escape) ?? _failure) is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    internal readonly record struct Work(SimProcess Process, SendOrPostCallback Callback, object? State);

    private sealed class SimScheduler : TaskScheduler
    {
        private readonly SimKernel _kernel;
        private readonly SendOrPostCallback _execute;

        public SimScheduler(SimKernel kernel)
        {
            _kernel = kernel;
            _execute = t => TryExecuteTask((Task)t!);
        }

        protected override void QueueTask(Task task) =>
            _kernel.Post((SynchronizationContext.Current as SimContext)?.Process ?? _kernel.World, _execute, task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
            !taskWasPreviouslyQueued && Thread.CurrentThread == _kernel._thread && TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}

/// <summary>The run cannot end: something waits for what will never come.</summary>
public sealed class SimulationStuckException(string message) : Exception(message);
