using System.Buffers.Binary;

namespace StreamHouse.Rpc.Grpc;

/// <summary>The prefix of every message: a flag byte (1 = compressed) and the length in four bytes, big-endian.</summary>
public static class GrpcFrame
{
    /// <summary>Length of the prefix, in bytes.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Writes the prefix of an uncompressed message.</summary>
    /// <param name="header">At least <see cref="HeaderBytes"/>.</param>
    /// <param name="lengthBytes">Length of the message.</param>
    public static void WriteHeader(Span<byte> header, int lengthBytes)
    {
        header[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], lengthBytes);
    }

    /// <summary>Reads a prefix.</summary>
    /// <param name="header">At least <see cref="HeaderBytes"/>.</param>
    /// <param name="encoding">The peer's <c>grpc-encoding</c>, or null.</param>
    /// <param name="messageBytesMax">Largest message accepted.</param>
    /// <returns>Length of the message that follows, in bytes.</returns>
    /// <exception cref="RpcException">
    /// <see cref="GrpcStatusCode.Unimplemented"/> for a compressed message, <see cref="GrpcStatusCode.ResourceExhausted"/> for one above
    /// the limit, <see cref="GrpcStatusCode.Internal"/> for a prefix that gRPC does not allow.
    /// </exception>
    public static int ReadHeader(ReadOnlySpan<byte> header, string? encoding, int messageBytesMax)
    {
        if (header[0] == 1)
        {
            throw encoding is null or GrpcHeaders.Identity
                ? new RpcException(GrpcStatusCode.Internal, "A message is flagged as compressed, but no grpc-encoding was announced.")
                : new RpcException(GrpcStatusCode.Unimplemented, $"Messages compressed with '{encoding}' are not supported; send them uncompressed.");
        }
        if (header[0] != 0)
        {
            throw new RpcException(
                GrpcStatusCode.Internal, $"A message begins with flag byte 0x{header[0]:X2}: it is not gRPC, or the message before it lied about its length.");
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)messageBytesMax)
        {
            throw new RpcException(GrpcStatusCode.ResourceExhausted, $"A message of {length} bytes is above the limit of {messageBytesMax}.");
        }
        return (int)length;
    }

    /// <summary>The error for a stream that ended inside a message.</summary>
    /// <param name="expectedBytes">Bytes the message or its prefix should have.</param>
    /// <param name="receivedBytes">Bytes that came.</param>
    public static RpcException Truncated(int expectedBytes, int receivedBytes) => new(
        GrpcStatusCode.InvalidArgument, $"The stream ended inside a message: {expectedBytes} bytes were announced, {receivedBytes} came.");
}
