using System.Net;

namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>A request body of one message.</summary>
internal sealed class SingleMessageContent<T>(IMessageWriter<T> writer, T message) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using FrameBuffer buffer = new();
        buffer.Append(writer, message);
        await stream.WriteAsync(buffer.Written, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = GrpcFrame.HeaderBytes + writer.Measure(message);
        return true;
    }
}

/// <summary>A request body that is written by whoever holds the call.</summary>
internal sealed class RequestStreamContent : HttpContent
{
    // Asynchronous continuations: the writer must not run inside the connection's own loop.
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The body, once the request is on its way.</summary>
    public Task<Stream> Opened => _opened.Task;

    /// <summary>Ends the body.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>Fails <see cref="Opened"/> if the request fails before its body is asked for.</summary>
    public void FailWith(Task<HttpResponseMessage> sent) => sent.ContinueWith(
        static (task, state) =>
        {
            RequestStreamContent content = (RequestStreamContent)state!;
            if (task.IsFaulted && content._opened.TrySetException(task.Exception.InnerExceptions))
            {
                _ = content._opened.Task.Exception;
            }
            else if (task.IsCanceled)
            {
                content._opened.TrySetCanceled();
            }
        },
        this,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Sends the request's headers now: the server may answer before the first message.
        await stream.FlushAsync(cancellationToken);
        _opened.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
