namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>
/// A call on which requests and responses flow independently. One writer and one reader at a time, which may be different tasks;
/// disposing ends the call.
/// </summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response. One that is disposable belongs to the reader.</typeparam>
public sealed class DuplexCall<TRequest, TResponse> : IAsyncDisposable
{
    private readonly RequestStreamContent _content;
    private readonly IMessageWriter<TRequest> _writer;
    private readonly ResponseReader<TResponse> _responses;
    private readonly CallLifetime _lifetime;
    private readonly FrameBuffer _pending = new();
    private Stream? _body;
    private bool _flushing;

    internal DuplexCall(
        RequestStreamContent content, IMessageWriter<TRequest> writer, ResponseReader<TResponse> responses, CallLifetime lifetime)
    {
        _content = content;
        _writer = writer;
        _responses = responses;
        _lifetime = lifetime;
    }

    /// <summary>The response read last.</summary>
    public TResponse Current => _responses.Current;

    /// <summary>Bytes of requests that wait for <see cref="FlushAsync"/>.</summary>
    public int PendingBytes => _pending.Written.Length;

    /// <summary>Encodes a request, to be sent by the next <see cref="FlushAsync"/>. Nothing of it is referenced afterwards.</summary>
    public void Enqueue(in TRequest request) => _pending.Append(_writer, request);

    /// <summary>Sends what is pending; waits while the server's window is full.</summary>
    /// <exception cref="RpcException">The call has ended; the reader learns its status.</exception>
    /// <exception cref="OperationCanceledException">The call's token was cancelled.</exception>
    public async ValueTask FlushAsync()
    {
        _flushing = true;
        try
        {
            _body ??= await _content.Opened;
            await _body.WriteAsync(_pending.Written, _lifetime.Token);
            await _body.FlushAsync(_lifetime.Token);
            _pending.Clear();
        }
        catch (Exception e) when (CallFailure.IsTransport(e))
        {
            throw _lifetime.Token.IsCancellationRequested
                ? _lifetime.Ended(e)
                : new RpcException(GrpcStatusCode.Unavailable, $"{_lifetime.Path} has ended; its responses end with the reason.", e);
        }
        finally
        {
            _flushing = false;
        }
    }

    /// <summary>Sends one request, and what was pending before it.</summary>
    /// <exception cref="RpcException">The call has ended; the reader learns its status.</exception>
    /// <exception cref="OperationCanceledException">The call's token was cancelled.</exception>
    public ValueTask WriteAsync(in TRequest request)
    {
        Enqueue(request);
        return FlushAsync();
    }

    /// <summary>Says that no more requests follow. What is pending must have been flushed.</summary>
    public void CompleteRequests() => _content.Complete();

    /// <summary>Reads the next response.</summary>
    /// <returns>False when the server has ended the call with OK.</returns>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="OperationCanceledException">The call's token was cancelled.</exception>
    public ValueTask<bool> MoveNextAsync() => _responses.MoveNextAsync();

    /// <summary>Ends the call. A write or read in progress fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _responses.DisposeAsync();
        _content.Complete();
        if (!_flushing)
        {
            _pending.Dispose();
        }
    }
}
