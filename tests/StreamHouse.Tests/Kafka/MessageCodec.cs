using StreamHouse.Kafka;

namespace StreamHouse.Tests.Kafka;

/// <summary>Reads and writes a message whose type is known by name only.</summary>
internal abstract class MessageCodec
{
    public abstract Type Type { get; }

    public static MessageCodec Of(string message)
    {
        Type type = typeof(ApiKey).Assembly.GetType($"StreamHouse.Kafka.Messages.{message}", throwOnError: true)!;
        return (MessageCodec)Activator.CreateInstance(typeof(MessageCodec<>).MakeGenericType(type))!;
    }

    public abstract byte[] Write(object message, int version);

    /// <summary>Reads a message and tells how many bytes it left.</summary>
    public abstract object Read(ReadOnlySpan<byte> bytes, int version, out int remaining);
}

internal sealed class MessageCodec<T> : MessageCodec
    where T : IKafkaMessage<T>
{
    public override Type Type => typeof(T);

    public override byte[] Write(object message, int version)
    {
        using KafkaBuffer buffer = new(1);
        KafkaWriter writer = new(buffer);
        ((T)message).Write(ref writer, (short)version);
        return buffer.WrittenSpan.ToArray();
    }

    public override object Read(ReadOnlySpan<byte> bytes, int version, out int remaining)
    {
        KafkaReader reader = new(bytes);
        T message = T.Read(ref reader, (short)version);
        remaining = reader.Remaining;
        return message;
    }
}
