using System.Buffers;

namespace StreamHouse.Rpc.Grpc;

/// <summary>Encodes messages of one type. Implementations hold no state and may be used from any thread.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IMessageWriter<T>
{
    /// <summary>Length of the encoded message, in bytes.</summary>
    int Measure(in T message);

    /// <summary>Writes the message: exactly as many bytes as <see cref="Measure"/> says. Nothing of the message is referenced afterwards.</summary>
    void Write(in T message, IBufferWriter<byte> output);
}
