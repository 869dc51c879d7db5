using System.Net.Sockets;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>A connection in clear text.</summary>
internal sealed class PlainTransport(Socket socket) : Transport
{
    // Linux's IOV_MAX is 1024; fewer keep one call short.
    private const int PiecesPerSend = 256;
    private const int BytesPerSend = 1 << 20;

    private readonly List<ArraySegment<byte>> _sending = [];

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => socket.ReceiveAsync(buffer, SocketFlags.None, CancellationToken.None);

    public override ValueTask SendAsync(ReplyBuffer pieces) => pieces.Pieces.Count == 1 ? SendOneAsync(pieces) : SendManyAsync(pieces);

    public override void StopReceiving() => Shutdown(socket, SocketShutdown.Receive);

    public override ValueTask FinishAsync()
    {
        Shutdown(socket, SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    public override void Dispose() => socket.Dispose();

    private async ValueTask SendOneAsync(ReplyBuffer pieces)
    {
        ReadOnlyMemory<byte> left = pieces.Pieces[0];
        while (left.Length > 0)
        {
            int sent = await socket.SendAsync(left[..Math.Min(left.Length, BytesPerSend)], SocketFlags.None, CancellationToken.None);
            pieces.NoteProgress();
            left = left[sent..];
        }
    }

    private async ValueTask SendManyAsync(ReplyBuffer pieces)
    {
        int next = 0;
        int offset = 0;
        while (next < pieces.Pieces.Count)
        {
            Fill(pieces.Pieces, next, offset);
            int sent = await socket.SendAsync(_sending, SocketFlags.None);
            pieces.NoteProgress();
            for (; next < pieces.Pieces.Count && sent >= pieces.Pieces[next].Count - offset; next++)
            {
                sent -= pieces.Pieces[next].Count - offset;
                offset = 0;
            }
            offset += sent;
        }
        _sending.Clear();
    }

    private void Fill(IReadOnlyList<ArraySegment<byte>> pieces, int next, int offset)
    {
        _sending.Clear();
        int bytes = 0;
        for (; next < pieces.Count && _sending.Count < PiecesPerSend && bytes < BytesPerSend; next++)
        {
            ArraySegment<byte> piece = pieces[next][offset..];
            offset = 0;
            piece = piece[..Math.Min(piece.Count, BytesPerSend - bytes)];
            bytes += piece.Count;
            _sending.Add(piece);
        }
    }
}
