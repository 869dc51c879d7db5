using System.Net.Security;
using System.Net.Sockets;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>A connection inside TLS, after its handshake.</summary>
internal sealed class TlsTransport(Socket socket, SslStream stream) : Transport
{
    /// <summary>Makes the handshake.</summary>
    /// <param name="socket">The connection; it belongs to the transport from now on.</param>
    /// <param name="options">The server's side of the handshake.</param>
    /// <param name="ct">Ends the handshake.</param>
    public static async Task<TlsTransport> AcceptAsync(Socket socket, SslServerAuthenticationOptions options, CancellationToken ct)
    {
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await stream.AuthenticateAsServerAsync(options, ct);
            return new TlsTransport(socket, stream);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, bool isRest) => stream.ReadAsync(buffer, CancellationToken.None);

    public override async ValueTask SendAsync(ReplyBuffer pieces)
    {
        foreach (ArraySegment<byte> piece in pieces.Pieces)
        {
            await stream.WriteAsync(piece, CancellationToken.None);
            pieces.NoteProgress();
        }
        await stream.FlushAsync();
    }

    public override void StopReceiving() => Shutdown(socket, SocketShutdown.Receive);

    public override async ValueTask FinishAsync() => await stream.ShutdownAsync();

    // The socket, not the stream: that must not be disposed of while it is read from, and holds nothing the collector does not find.
    public override void Dispose() => socket.Dispose();
}
