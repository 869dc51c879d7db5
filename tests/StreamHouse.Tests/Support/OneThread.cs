using System.Collections.Concurrent;

namespace StreamHouse.Tests.Support;

/// <summary>Runs asynchronous work and everything it awaits on the calling thread, in the order it becomes ready: the same every time, on a busy machine too.</summary>
internal sealed class OneThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _ready = [];

    private OneThread()
    {
    }

    public static void Run(Func<Task> work)
    {
        SynchronizationContext? before = Current;
        OneThread context = new();
        SetSynchronizationContext(context);
        try
        {
            Task task = work();
            task.ContinueWith(_ => context._ready.CompleteAdding(), TaskScheduler.Default);
            foreach ((SendOrPostCallback callback, object? state) in context._ready.GetConsumingEnumerable())
            {
                callback(state);
            }
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!_ready.IsAddingCompleted)
        {
            _ready.Add((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);
}
