using System.Buffers;

namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>Reads the messages of a response, then its status. One reader at a time.</summary>
internal sealed class ResponseReader<T>(Task<HttpResponseMessage> sent, IMessageReader<T> reader, CallLifetime lifetime, RpcChannelOptions options)
    : IAsyncDisposable
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private string? _encoding;
    private Exception? _failure;
    private bool _finished;
    private bool _reading;

    public T Current { get; private set; } = default!;

    /// <returns>False after the last message of a call that ended with OK.</returns>
    public async ValueTask<bool> MoveNextAsync()
    {
        if (_failure is not null)
        {
            throw _failure;
        }
        if (_finished)
        {
            return false;
        }
        Current = default!;
        _reading = true;
        try
        {
            if (_body is null)
            {
                await OpenAsync();
            }
            if (!await FillAsync(GrpcFrame.HeaderBytes))
            {
                _finished = true;
                return CallFailure.OfStatus(_response!, lifetime.Path) is { } failure ? throw failure : false;
            }
            int length = GrpcFrame.ReadHeader(_buffer.AsSpan(_start), _encoding, options.ReceiveMessageBytesMax);
            _start += GrpcFrame.HeaderBytes;
            Current = reader.Allocator is { } allocator && length > 0 ? await ReadOwnedAsync(allocator, length) : await ReadSharedAsync(length);
            return true;
        }
        catch (Exception e) when (e is RpcException or MalformedMessageException || CallFailure.IsTransport(e))
        {
            // The server hears at once that nobody reads on; later reads fail as this one did.
            _response?.Dispose();
            _failure = e switch
            {
                RpcException => e,
                MalformedMessageException => new RpcException(
                    GrpcStatusCode.Internal, $"The response to {lifetime.Path} does not decode: {e.Message}", e),
                _ => CallFailure.Translate(e, lifetime),
            };
            if (_failure == e)
            {
                throw;
            }
            throw _failure;
        }
        finally
        {
            _reading = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lifetime.Dispose();
        try
        {
            (await sent).Dispose();
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // The call failed, as its caller has seen already or does not want to know.
        }
        if (!_reading && _buffer.Length > 0)
        {
            // A read that is being cancelled may still touch the array: then it is left to the garbage collector.
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private async ValueTask OpenAsync()
    {
        _response = await sent;
        if (CallFailure.OfResponse(_response, lifetime.Path) is { } failure)
        {
            throw failure;
        }
        _encoding = _response.Headers.TryGetValues(GrpcHeaders.Encoding, out IEnumerable<string>? values) ? values.First() : null;
        _body = await _response.Content.ReadAsStreamAsync(lifetime.Token);
        _buffer = ArrayPool<byte>.Shared.Rent(4096);
    }

    private async ValueTask<T> ReadSharedAsync(int length)
    {
        if (!await FillAsync(length) && length > 0)
        {
            throw Truncated(length, 0);
        }
        T message = reader.Read(_buffer.AsMemory(_start, length), owner: null);
        _start += length;
        return message;
    }

    private async ValueTask<T> ReadOwnedAsync(IPayloadAllocator allocator, int length)
    {
        IMemoryOwner<byte> owner = allocator.Rent(length);
        try
        {
            Memory<byte> message = owner.Memory[..length];
            int filled = Math.Min(length, _end - _start);
            _buffer.AsSpan(_start, filled).CopyTo(message.Span);
            _start += filled;
            while (filled < length)
            {
                // The rest goes straight to where it stays.
                int read = await _body!.ReadAsync(message[filled..], lifetime.Token);
                filled += read > 0 ? read : throw Truncated(length, filled);
            }
            return reader.Read(message, owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    /// <returns>False when the body ended before the first of the bytes.</returns>
    private async ValueTask<bool> FillAsync(int bytes)
    {
        while (_end - _start < bytes)
        {
            MakeRoom(bytes);
            int read = await _body!.ReadAsync(_buffer.AsMemory(_end), lifetime.Token);
            if (read == 0)
            {
                return _end == _start ? false : throw Truncated(bytes, _end - _start);
            }
            _end += read;
        }
        return true;
    }

    private void MakeRoom(int bytes)
    {
        int unread = _end - _start;
        byte[] target = _buffer;
        if (_buffer.Length < bytes)
        {
            target = ArrayPool<byte>.Shared.Rent(bytes);
        }
        _buffer.AsSpan(_start, unread).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }
        (_start, _end) = (0, unread);
    }

    private RpcException Truncated(int expected, int received)
    {
        // A server that failed inside a message says why in its trailers.
        return CallFailure.OfStatus(_response!, lifetime.Path) is { Status: not GrpcStatusCode.OK } failure && failure.Message.Length > 0
            ? failure
            : new RpcException(GrpcStatusCode.Internal, GrpcFrame.Truncated(expected, received).Message);
    }
}
