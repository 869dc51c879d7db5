using System.Buffers;
using Google.Protobuf;

namespace StreamHouse.Rpc.Grpc;

/// <summary>Encodes and decodes a generated message with Google.Protobuf.</summary>
/// <typeparam name="T">The generated message.</typeparam>
public sealed class ProtobufMarshaller<T> : IMessageReader<T>, IMessageWriter<T>
    where T : class, IMessage<T>, new()
{
    private static readonly MessageParser<T> Parser = new(static () => new T());

    /// <inheritdoc/>
    public int Measure(in T message) => message.CalculateSize();

    /// <inheritdoc/>
    public void Write(in T message, IBufferWriter<byte> output) => message.WriteTo(output);

    /// <inheritdoc/>
    public T Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner)
    {
        try
        {
            return Parser.ParseFrom(encoded.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MalformedMessageException($"The message is not a valid {typeof(T).Name}: {e.Message}", e);
        }
    }
}
