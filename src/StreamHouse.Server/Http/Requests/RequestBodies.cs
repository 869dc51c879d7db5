using System.Buffers;
using System.IO.Pipelines;
using StreamHouse.Broker;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Reads request bodies into pooled memory, all of them together within a limit.</summary>
internal sealed class RequestBodies(HttpApiOptions options)
{
    private long _bytes;

    /// <summary>Bytes of the bodies in memory.</summary>
    public long BytesInMemory => Volatile.Read(ref _bytes);

    /// <summary>Reads the whole body. The caller disposes the result when no part of it is needed any more.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.Overloaded"/>: other bodies take up the memory.</exception>
    /// <exception cref="BadHttpRequestException">The body is over the limit of one request (413), or broken.</exception>
    public async Task<RequestBody> ReadAsync(HttpContext context)
    {
        PipeReader reader = context.Request.BodyReader;
        var body = new RequestBody(this, (int)Math.Clamp(context.Request.ContentLength ?? 0, 1024, options.BodyBytesMax));
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(context.RequestAborted);
                try
                {
                    Take(body, read.Buffer);
                }
                finally
                {
                    // Also when refused: the server reads the rest of the body away, else it would have to cut the connection.
                    reader.AdvanceTo(read.Buffer.End);
                }
                if (read.IsCompleted)
                {
                    return body;
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    internal void Return(int bytes) => Interlocked.Add(ref _bytes, -bytes);

    private void Take(RequestBody body, in ReadOnlySequence<byte> bytes)
    {
        // Kestrel refuses larger bodies itself; this bound holds wherever the API runs.
        if (body.Length + bytes.Length > options.BodyBytesMax)
        {
            throw new BadHttpRequestException("The request body is too large.", StatusCodes.Status413PayloadTooLarge);
        }
        if (Interlocked.Add(ref _bytes, bytes.Length) > options.BodiesBytesMax)
        {
            Interlocked.Add(ref _bytes, -bytes.Length);
            throw new BrokerException(BrokerErrorCode.Overloaded, "Too many bytes of request bodies are in memory; try again shortly.");
        }
        body.Append(bytes);
    }
}

/// <summary>One request's body.</summary>
internal sealed class RequestBody(RequestBodies owner, int expectedBytes) : IDisposable
{
    private readonly PooledWriter _bytes = new(expectedBytes);

    public ReadOnlyMemory<byte> Bytes => _bytes.Written;

    public int Length => _bytes.Length;

    public void Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            _bytes.Write(piece.Span);
        }
    }

    public void Dispose()
    {
        owner.Return(_bytes.Length);
        _bytes.Dispose();
    }
}
