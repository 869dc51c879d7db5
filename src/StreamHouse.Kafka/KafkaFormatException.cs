namespace StreamHouse.Kafka;

/// <summary>Bytes that are not what the protocol says. The only exception that reading throws, whatever the bytes.</summary>
public sealed class KafkaFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong with the bytes.</param>
    public KafkaFormatException(string message)
        : base(message)
    {
    }
}
