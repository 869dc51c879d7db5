namespace StreamHouse.Kafka;

/// <summary>What stands in front of every response.</summary>
/// <param name="CorrelationId">From the request that is answered.</param>
public readonly record struct ResponseHeader(int CorrelationId)
{
    /// <summary>Reads a header as a client does.</summary>
    /// <param name="reader">Stands at the front of a frame behind its length; afterwards at the body.</param>
    /// <param name="key">API of the request.</param>
    /// <param name="version">Version of the request.</param>
    /// <exception cref="KafkaFormatException">The bytes are not a header.</exception>
    public static ResponseHeader Read(ref KafkaReader reader, ApiKey key, short version)
    {
        int correlationId = reader.ReadInt32();
        if (SupportedApis.Get(key).ResponseHeaderVersion(version) > 0)
        {
            reader.SkipTaggedFields();
        }

        return new ResponseHeader(correlationId);
    }

    /// <summary>Writes the header.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="key">API of the request.</param>
    /// <param name="version">Version of the request.</param>
    public void Write(ref KafkaWriter writer, ApiKey key, short version)
    {
        writer.WriteInt32(CorrelationId);
        if (SupportedApis.Get(key).ResponseHeaderVersion(version) > 0)
        {
            writer.WriteNoTaggedFields();
        }
    }
}
