using System.Collections.Concurrent;

namespace StreamHouse.Server.Kafka.Polling;

/// <summary>
/// Brings back to an event loop what was begun there: a thousand waits that end together go on one after the other on the loop's thread, where
/// the pool would wake several threads for them. After the loop's end the pool goes on with what is left.
/// </summary>
/// <param name="loop">The loop.</param>
internal sealed class LoopContext(EventLoop loop) : SynchronizationContext
{
    private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private volatile bool _ended;

    /// <summary>The loop.</summary>
    public EventLoop Loop => loop;

    /// <summary>Whether nothing is posted.</summary>
    public bool IsEmpty => _posted.IsEmpty;

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        _posted.Enqueue((d, state));
        Interlocked.MemoryBarrier();
        if (_ended)
        {
            HandOver();
        }
        else
        {
            loop.Wake();
        }
    }

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Goes on with what was posted until now. On the loop's thread.</summary>
    public void Run()
    {
        for (int count = _posted.Count; count > 0 && _posted.TryDequeue(out (SendOrPostCallback Callback, object? State) posted); count--)
        {
            SetSynchronizationContext(this);
            posted.Callback(posted.State);
        }
    }

    /// <summary>The loop runs no more.</summary>
    public void End()
    {
        _ended = true;
        // Whoever posts looks at this after its post, and here the posts are looked for after this: one of the two finds it.
        Interlocked.MemoryBarrier();
        HandOver();
    }

    private void HandOver()
    {
        while (_posted.TryDequeue(out (SendOrPostCallback Callback, object? State) posted))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static p => p.Callback(p.State), posted, preferLocal: false);
        }
    }
}
