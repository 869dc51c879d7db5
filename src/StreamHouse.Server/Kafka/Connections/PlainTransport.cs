using System.Net.Sockets;
using System.Runtime.InteropServices;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>A connection in clear text, on an event loop. Short transfers are made there; what is longer is left to the pool.</summary>
internal sealed class PlainTransport(PolledSocket socket) : Transport
{
    private const int ShortBytes = 64 * 1024;

    // Linux's IOV_MAX is 1024; fewer keep one call short.
    private const int CallPiecesMax = 256;
    private const int CallBytesMax = 1 << 20;

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, bool isRest)
    {
        if (buffer.IsEmpty)
        {
            ValueTask<int> wait = socket.WaitReadableAsync();
            // More is there already: others of the loop come first.
            return wait.IsCompleted && EventLoop.IsCurrent ? LeaveAsync() : wait;
        }
        int received = socket.TryReceive(buffer.Span);
        return received < 0 && isRest ? ReceiveRestAsync(buffer) : new ValueTask<int>(received);
    }

    public override ValueTask SendAsync(ReplyBuffer pieces)
    {
        if (pieces.Pieces.Count > 1 || pieces.Bytes > ShortBytes)
        {
            return SendManyAsync(pieces);
        }
        ArraySegment<byte> piece = pieces.Pieces[0];
        int sent = TrySend(pieces.Pieces, 0, 0);
        return sent == piece.Count ? ValueTask.CompletedTask : SendManyAsync(pieces, Math.Max(0, sent));
    }

    public override void StopReceiving() => Shutdown(socket.Socket, SocketShutdown.Receive);

    public override ValueTask FinishAsync()
    {
        Shutdown(socket.Socket, SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    public override void Dispose() => socket.Dispose();

    private static async ValueTask<int> LeaveAsync()
    {
        await EventLoop.LeaveAsync();
        return 0;
    }

    private async ValueTask<int> ReceiveRestAsync(Memory<byte> buffer)
    {
        while (true)
        {
            await socket.WaitReadableOnPoolAsync().ConfigureAwait(false);
            int received = socket.TryReceive(buffer.Span);
            if (received >= 0)
            {
                return received;
            }
        }
    }

    private async ValueTask SendManyAsync(ReplyBuffer pieces, int offset = 0)
    {
        if (pieces.Bytes > ShortBytes)
        {
            await EventLoop.LeaveAsync();
        }
        int next = 0;
        while (next < pieces.Pieces.Count)
        {
            int sent = TrySend(pieces.Pieces, next, offset);
            if (sent < 0)
            {
                await socket.WaitWritableOnPoolAsync().ConfigureAwait(false);
                continue;
            }
            pieces.NoteProgress();
            for (; next < pieces.Pieces.Count && sent >= pieces.Pieces[next].Count - offset; next++)
            {
                sent -= pieces.Pieces[next].Count - offset;
                offset = 0;
            }
            offset += sent;
        }
    }

    private unsafe int TrySend(IReadOnlyList<ArraySegment<byte>> pieces, int next, int offset)
    {
        Span<SocketCalls.Piece> sending = stackalloc SocketCalls.Piece[Math.Min(CallPiecesMax, pieces.Count - next)];
        Span<GCHandle> pins = stackalloc GCHandle[sending.Length];
        int count = 0;
        try
        {
            for (int bytes = 0; count < sending.Length && bytes < CallBytesMax; count++, next++)
            {
                ArraySegment<byte> piece = pieces[next][offset..];
                offset = 0;
                int taken = Math.Min(piece.Count, CallBytesMax - bytes);
                bytes += taken;
                pins[count] = GCHandle.Alloc(piece.Array, GCHandleType.Pinned);
                sending[count] = new() { Start = (byte*)pins[count].AddrOfPinnedObject() + piece.Offset, Bytes = (nuint)taken };
            }
            return socket.TrySend(sending[..count]);
        }
        finally
        {
            foreach (GCHandle pin in pins[..count])
            {
                pin.Free();
            }
        }
    }
}
