using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>The requests of a call, in order. For one reader.</summary>
/// <typeparam name="T">The request. One that is disposable belongs to the reader.</typeparam>
internal sealed class RpcRequests<T>(HttpRequest request, IMessageReader<T> reader, int messageBytesMax, CancellationToken aborted) : IDisposable
{
    /// <summary>A message longer than this gets its memory only once so much of it is there: announcing a length costs a client nothing.</summary>
    private const int UnprovenBytesMax = 512 * 1024;

    private readonly PipeReader _pipe = request.BodyReader;
    private readonly string? _encoding = request.Headers[GrpcHeaders.Encoding];
    private byte[] _scratch = [];

    /// <summary>The request read last.</summary>
    public T Current { get; private set; } = default!;

    /// <summary>Reads the next request.</summary>
    /// <returns>False when the client has sent its last.</returns>
    /// <exception cref="RpcException">A broken or too large frame, or <see cref="Stop"/> was called; nothing more can be read.</exception>
    /// <exception cref="MalformedMessageException">The message does not decode; the next one can still be read.</exception>
    /// <exception cref="OperationCanceledException">The client is gone, or the deadline has passed.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        Current = default!;
        try
        {
            int length = await ReadHeaderAsync();
            if (length < 0)
            {
                return false;
            }
            Current = reader.Allocator is { } allocator && length > 0 ? await ReadOwnedAsync(allocator, length) : await ReadSharedAsync(length);
            return true;
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // A client that resets its stream has cancelled, though Kestrel calls it an I/O error, wherever it notices.
            throw new ConnectionAbortedException("The client has gone away.", e);
        }
    }

    /// <summary>
    /// Ends the reading: the call in progress, or the next, fails with UNAVAILABLE. For a server that shuts down; may be called from any
    /// thread, and does nothing once the client has gone or the call has ended.
    /// </summary>
    public void Stop()
    {
        try
        {
            _pipe.CancelPendingRead();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Kestrel throws what ended the stream, here into whoever stops the server, though there is nothing left to stop.
        }
    }

    public void Dispose()
    {
        if (_scratch.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = [];
        }
    }

    private async ValueTask<ReadResult> ReadPipeAsync()
    {
        ReadResult result = await _pipe.ReadAsync(aborted);
        if (result.IsCanceled)
        {
            _pipe.AdvanceTo(result.Buffer.End);
            throw new RpcException(GrpcStatusCode.Unavailable, "The server is shutting down.");
        }
        return result;
    }

    /// <returns>Length of the next message, -1 at the end.</returns>
    private async ValueTask<int> ReadHeaderAsync()
    {
        while (true)
        {
            ReadResult result = await ReadPipeAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.Length >= GrpcFrame.HeaderBytes)
            {
                return TakeHeader(buffer);
            }
            if (result.IsCompleted)
            {
                int received = (int)buffer.Length;
                _pipe.AdvanceTo(buffer.End);
                return received == 0 ? -1 : throw GrpcFrame.Truncated(GrpcFrame.HeaderBytes, received);
            }
            _pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private int TakeHeader(ReadOnlySequence<byte> buffer)
    {
        Span<byte> header = stackalloc byte[GrpcFrame.HeaderBytes];
        SequencePosition end = buffer.GetPosition(GrpcFrame.HeaderBytes);
        buffer.Slice(0, end).CopyTo(header);
        _pipe.AdvanceTo(end);
        return GrpcFrame.ReadHeader(header, _encoding, messageBytesMax);
    }

    private async ValueTask<T> ReadSharedAsync(int length)
    {
        if (length == 0)
        {
            return reader.Read(ReadOnlyMemory<byte>.Empty, owner: null);
        }
        ReadResult arrived = await ReadFirstAsync(length);
        if (_scratch.Length < length)
        {
            Dispose();
            _scratch = ArrayPool<byte>.Shared.Rent(length);
        }
        await FillAsync(_scratch.AsMemory(0, length), arrived);
        return reader.Read(_scratch.AsMemory(0, length), owner: null);
    }

    private async ValueTask<T> ReadOwnedAsync(IPayloadAllocator allocator, int length)
    {
        ReadResult arrived = await ReadFirstAsync(length);
        IMemoryOwner<byte> owner = allocator.Rent(length);
        try
        {
            Memory<byte> message = owner.Memory[..length];
            await FillAsync(message, arrived);
            return reader.Read(message, owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    /// <summary>The message's first bytes, of a large one enough to believe in the rest. The caller advances the pipe.</summary>
    private async ValueTask<ReadResult> ReadFirstAsync(int length)
    {
        while (true)
        {
            ReadResult result = await ReadPipeAsync();
            long received = result.Buffer.Length;
            if (result.IsCompleted && received < length)
            {
                _pipe.AdvanceTo(result.Buffer.End);
                throw GrpcFrame.Truncated(length, (int)received);
            }
            if (length <= UnprovenBytesMax || received >= UnprovenBytesMax)
            {
                return result;
            }
            // Looked at, not consumed: that opens the client's window all the same. What was looked at must never be taken back: Kestrel
            // would withdraw, on its side only, a window the client may be using already, and end the connection (FLOW_CONTROL_ERROR).
            _pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Copies as bytes arrive, so that the client's window opens while a large message is on its way.</summary>
    private async ValueTask FillAsync(Memory<byte> message, ReadResult arrived)
    {
        int filled = 0;
        while (true)
        {
            ReadOnlySequence<byte> buffer = arrived.Buffer;
            int taken = (int)Math.Min(buffer.Length, message.Length - filled);
            buffer = buffer.Slice(0, taken);
            buffer.CopyTo(message.Span[filled..]);
            filled += taken;
            _pipe.AdvanceTo(buffer.End);
            if (filled == message.Length)
            {
                return;
            }
            if (arrived.IsCompleted)
            {
                throw GrpcFrame.Truncated(message.Length, filled);
            }
            arrived = await ReadPipeAsync();
        }
    }
}
