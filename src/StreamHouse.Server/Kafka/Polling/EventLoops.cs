namespace StreamHouse.Server.Kafka.Polling;

/// <summary>The event loops of a process: sockets are spread over them, each stays on its own.</summary>
internal sealed class EventLoops : IDisposable
{
    // What is long leaves the loops: one serves the short requests of several cores.
    private const int CoresPerLoop = 4;

    private readonly EventLoop[] _loops = new EventLoop[Math.Max(1, Environment.ProcessorCount / CoresPerLoop)];
    private uint _next;

    /// <summary>Starts the threads.</summary>
    /// <exception cref="IOException">There are no file descriptors left.</exception>
    public EventLoops()
    {
        try
        {
            for (int i = 0; i < _loops.Length; i++)
            {
                _loops[i] = new EventLoop();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The loop for the next socket.</summary>
    public EventLoop Next() => _loops[Interlocked.Increment(ref _next) % (uint)_loops.Length];

    /// <summary>Ends the threads. No socket may need them any more.</summary>
    public void Dispose()
    {
        foreach (EventLoop? loop in _loops)
        {
            loop?.Dispose();
        }
    }
}
