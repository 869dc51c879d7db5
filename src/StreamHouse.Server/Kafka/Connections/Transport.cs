using System.Net.Sockets;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>The bytes of one connection, in both directions at once; one receive and one send at a time.</summary>
internal abstract class Transport : IDisposable
{
    /// <summary>Stops a socket that the client may have closed already.</summary>
    protected static void Shutdown(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // There is nothing left to stop.
        }
    }

    /// <summary>Receives at least one byte into <paramref name="buffer"/>; with an empty one it waits until there is something to receive.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="isRest">Whether this is the rest of a request, which may be long.</param>
    /// <returns>
    /// Bytes received; 0 when the client will send no more, or for an empty buffer; negative, but not for a rest, when there was nothing after
    /// all: wait with an empty buffer again.
    /// </returns>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer, bool isRest);

    /// <summary>Sends all bytes of <paramref name="pieces"/>, in order.</summary>
    public abstract ValueTask SendAsync(ReplyBuffer pieces);

    /// <summary>Receives no more: a receive that waits ends with 0.</summary>
    public abstract void StopReceiving();

    /// <summary>Tells the client that nothing more will come.</summary>
    public abstract ValueTask FinishAsync();

    /// <summary>Ends the connection at once; what is waited for fails.</summary>
    public abstract void Dispose();
}
