using System.Buffers;

namespace StreamHouse.Rpc.Grpc;

/// <summary>Memory from the shared array pool: the allocator of clients.</summary>
public sealed class PooledPayloadAllocator : IPayloadAllocator
{
    /// <summary>The only instance.</summary>
    public static PooledPayloadAllocator Instance { get; } = new();

    /// <inheritdoc/>
    public IMemoryOwner<byte> Rent(int lengthBytes) => new Owner(ArrayPool<byte>.Shared.Rent(lengthBytes));

    private sealed class Owner(byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(PooledPayloadAllocator));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } rented)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
