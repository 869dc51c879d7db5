using System.Buffers;

namespace StreamHouse.Rpc.Grpc;

/// <summary>Decodes messages of one type. Implementations may be used from any thread.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IMessageReader<T>
{
    /// <summary>
    /// Where the bytes of an incoming message are gathered when the message is to keep them, so that a large payload is copied once;
    /// null when <see cref="Read"/> copies what it needs.
    /// </summary>
    IPayloadAllocator? Allocator => null;

    /// <summary>Decodes a message.</summary>
    /// <param name="encoded">The message; valid only during the call when <paramref name="owner"/> is null.</param>
    /// <param name="owner">
    /// The memory <paramref name="encoded"/> lies in, rented from <see cref="Allocator"/>. On return the message owns it (or has disposed of it);
    /// on an exception the caller disposes of it.
    /// </param>
    /// <exception cref="MalformedMessageException">The bytes are not a message of this type.</exception>
    T Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner);
}

/// <summary>Provides the memory in which large messages are received.</summary>
public interface IPayloadAllocator
{
    /// <summary>Rents memory of at least <paramref name="lengthBytes"/>; its content is arbitrary. Disposed of exactly once.</summary>
    IMemoryOwner<byte> Rent(int lengthBytes);
}

/// <summary>Bytes that do not decode; becomes <see cref="GrpcStatusCode.InvalidArgument"/>.</summary>
public sealed class MalformedMessageException : Exception
{
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">The decoder's own exception.</param>
    public MalformedMessageException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
