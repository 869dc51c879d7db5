using System.IO.Pipelines;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>The responses of a call. For one writer, which may be another task than the one that reads the requests.</summary>
/// <typeparam name="T">The response.</typeparam>
internal sealed class RpcResponses<T>(PipeWriter pipe, IMessageWriter<T> writer, RpcContext context)
{
    /// <summary>Bytes written and not yet flushed.</summary>
    public long PendingBytes { get; private set; }

    /// <summary>Writes a response, to be sent by the next <see cref="FlushAsync"/>. Nothing of it is referenced afterwards.</summary>
    public void Enqueue(in T response)
    {
        int length = writer.Measure(response);
        GrpcFrame.WriteHeader(pipe.GetSpan(GrpcFrame.HeaderBytes), length);
        pipe.Advance(GrpcFrame.HeaderBytes);
        writer.Write(response, pipe);
        PendingBytes += GrpcFrame.HeaderBytes + length;
    }

    /// <summary>Sends what is pending; waits while the client's window is full.</summary>
    /// <exception cref="OperationCanceledException">The client is gone, or the deadline has passed.</exception>
    public async ValueTask FlushAsync()
    {
        PendingBytes = 0;
        // Kestrel answers a cancelled flush with INTERNAL_ERROR, so it gets no token.
        ValueTask<FlushResult> flush = pipe.FlushAsync(CancellationToken.None);
        if (flush.IsCompleted)
        {
            await flush;
        }
        else
        {
            using CancellationTokenRegistration deadline = context.ResetAtDeadline();
            await flush;
        }
        context.Aborted.ThrowIfCancellationRequested();
    }

    /// <summary>Sends one response, and what was pending before it.</summary>
    /// <exception cref="OperationCanceledException">The client is gone, or the deadline has passed.</exception>
    public ValueTask WriteAsync(in T response)
    {
        Enqueue(response);
        return FlushAsync();
    }
}
