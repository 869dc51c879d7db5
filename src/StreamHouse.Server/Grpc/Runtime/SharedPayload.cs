using System.Buffers;
using StreamHouse.Broker.Buffers;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Producing;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Receives requests in the engine's own buffers, so that a batch stays where it was read.</summary>
internal sealed class SharedPayloadAllocator(BufferPool pool) : IPayloadAllocator
{
    /// <inheritdoc/>
    public IMemoryOwner<byte> Rent(int lengthBytes) => new SharedPayload(pool.Rent(lengthBytes));
}

/// <summary>Holds one reference to a shared buffer; disposing drops it. Whoever keeps the bytes longer retains the buffer.</summary>
internal sealed class SharedPayload(SharedBuffer buffer) : IMemoryOwner<byte>
{
    private SharedBuffer? _buffer = buffer;

    /// <summary>The buffer.</summary>
    /// <exception cref="ObjectDisposedException">The reference was dropped.</exception>
    public SharedBuffer Buffer => _buffer ?? throw new ObjectDisposedException(nameof(SharedPayload));

    /// <inheritdoc/>
    public Memory<byte> Memory => Buffer.Memory;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _buffer, null)?.Release();
}

/// <summary>What the engine needs of a request.</summary>
internal static class SharedPayloadExtensions
{
    /// <summary>
    /// The encoded batch of a request that was received by a <see cref="SharedPayloadAllocator"/>. No reference is taken: the slice is good
    /// until the request is disposed of, or for as long as someone has retained its buffer.
    /// </summary>
    public static BufferSlice BatchSlice(this IncomingProduce request)
    {
        if (request.Owner is not SharedPayload payload)
        {
            throw new InvalidOperationException("The request holds no batch in a shared buffer.");
        }
        (int offset, int length) = request.BatchRange.GetOffsetAndLength(payload.Memory.Length);
        return new BufferSlice(payload.Buffer, offset, length);
    }
}
