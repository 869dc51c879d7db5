namespace StreamHouse.Kafka;

/// <summary>What stands in a message: reads and writes itself in every version of its API.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface IKafkaStruct<TSelf>
    where TSelf : IKafkaStruct<TSelf>
{
    /// <summary>Reads one value; fields that <paramref name="version"/> does not have keep their defaults.</summary>
    /// <param name="reader">Stands behind the value afterwards.</param>
    /// <param name="version">Version of the API.</param>
    /// <exception cref="KafkaFormatException">The bytes are not such a value, or a message has no such version.</exception>
    static abstract TSelf Read(ref KafkaReader reader, short version);

    /// <summary>Writes the value; fields that <paramref name="version"/> does not have are left out, and a null that it cannot say is written as empty.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="version">Version of the API.</param>
    /// <exception cref="ArgumentOutOfRangeException">A message has no such version, or a string is longer than the version can say.</exception>
    void Write(ref KafkaWriter writer, short version);
}

/// <summary>The body of a request or a response.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface IKafkaMessage<TSelf> : IKafkaStruct<TSelf>
    where TSelf : IKafkaMessage<TSelf>
{
    /// <summary>The API that the message belongs to.</summary>
    static abstract ApiKey Api { get; }
}
