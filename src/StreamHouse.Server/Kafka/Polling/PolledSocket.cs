using System.Net.Sockets;

namespace StreamHouse.Server.Kafka.Polling;

/// <summary>A connected socket on an event loop. One receive and one send at a time; closed at any time by anybody.</summary>
internal sealed class PolledSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;
    private readonly EventLoop _loop;
    private readonly int _descriptor;
    private readonly Readiness _readable = new();
    private readonly Readiness _writable = new();
    private bool _isWatched;
    private int _disposed;

    /// <param name="socket">Belongs to this from now on.</param>
    /// <param name="loop">Its event loop.</param>
    public PolledSocket(Socket socket, EventLoop loop)
    {
        _socket = socket;
        _handle = socket.SafeHandle;
        _loop = loop;
        _descriptor = (int)_handle.DangerousGetHandle();
    }

    /// <summary>Tells it from others that had or will have its number. The event loop's.</summary>
    public int Generation { get; set; }

    /// <summary>The socket itself, not to be received from, sent to or closed.</summary>
    public Socket Socket => _socket;

    /// <summary>
    /// Ends when there is something to receive, or the end; goes on on the event loop, unless there was already. Always the first call.
    /// </summary>
    /// <returns>Zero.</returns>
    /// <exception cref="IOException">The socket cannot be watched.</exception>
    /// <exception cref="ObjectDisposedException">It was closed here.</exception>
    public ValueTask<int> WaitReadableAsync()
    {
        ValueTask<int> wait = _readable.WaitAsync(onPool: false);
        if (!_isWatched)
        {
            // Only now, so that even what has arrived already is begun on the loop.
            _isWatched = true;
            Watch();
        }
        return wait;
    }

    /// <summary>Ends when there may be something to receive; goes on on the pool.</summary>
    /// <returns>Zero.</returns>
    public ValueTask<int> WaitReadableOnPoolAsync() => _readable.WaitAsync(onPool: true);

    /// <summary>Ends when there may be room to send; goes on on the pool.</summary>
    /// <returns>Zero.</returns>
    public ValueTask<int> WaitWritableOnPoolAsync() => _writable.WaitAsync(onPool: true);

    /// <summary>Receives what is there.</summary>
    /// <returns>Bytes; 0 when the client will send no more; negative when there is nothing yet.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="ObjectDisposedException">It was closed here.</exception>
    public int TryReceive(Span<byte> buffer)
    {
        _readable.Tried();
        int received = SocketCalls.Receive(_handle, buffer);
        if (received == buffer.Length || received == 0)
        {
            _readable.Set();
        }
        return received;
    }

    /// <summary>Sends as much as there is room for.</summary>
    /// <param name="pieces">Pinned.</param>
    /// <returns>Bytes; negative when there is no room.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="ObjectDisposedException">It was closed here.</exception>
    public int TrySend(ReadOnlySpan<SocketCalls.Piece> pieces)
    {
        _writable.Tried();
        return SocketCalls.Send(_handle, pieces);
    }

    /// <summary>Closes it; who waits learns of it at the next try.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            // Before, or a change of who gets the number next would be told to this; after, in case that it was just being added.
            _loop.Remove(this, _descriptor);
            _socket.Dispose();
            _loop.Remove(this, _descriptor);
            _readable.End(mayRun: false);
            _writable.End(mayRun: false);
        }
    }

    /// <summary>Called by the event loop.</summary>
    public void Signal(uint events)
    {
        if ((events & SocketCalls.Ended) != 0)
        {
            _writable.End(mayRun: true);
        }
        else if ((events & SocketCalls.Writable) != 0)
        {
            _writable.Signal(mayRun: true);
        }
        if ((events & (SocketCalls.Ended | SocketCalls.ReadEnded)) != 0)
        {
            _readable.End(mayRun: true);
        }
        else if ((events & SocketCalls.Readable) != 0)
        {
            _readable.Signal(mayRun: true);
        }
    }

    private void Watch()
    {
        bool isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            _loop.Add(this, _descriptor);
        }
        catch (IOException)
        {
            _loop.Remove(this, _descriptor);
            throw;
        }
        finally
        {
            if (isHeld)
            {
                _handle.DangerousRelease();
            }
        }
    }
}
