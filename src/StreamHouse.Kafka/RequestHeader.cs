namespace StreamHouse.Kafka;

/// <summary>What stands in front of every request.</summary>
/// <param name="ApiKey">The API; any value, known or not.</param>
/// <param name="ApiVersion">Version of the request and of the response it wants; any value.</param>
/// <param name="CorrelationId">Comes back in the response.</param>
/// <param name="ClientId">What the client calls itself; null when it does not say, or when the version is not known.</param>
public readonly record struct RequestHeader(ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId)
{
    /// <summary>
    /// Reads a header. Of an API or version that is not supported only the first three fields are read, for the rest may look different; the
    /// reader then stands behind those.
    /// </summary>
    /// <param name="reader">Stands at the front of a frame behind its length; afterwards at the body.</param>
    /// <exception cref="KafkaFormatException">The bytes are not a header.</exception>
    public static RequestHeader Read(ref KafkaReader reader)
    {
        var key = (ApiKey)reader.ReadInt16();
        short version = reader.ReadInt16();
        int correlationId = reader.ReadInt32();
        if (!SupportedApis.TryGet(key, out ApiSupport? api) || !api.IsAdvertised(version))
        {
            return new RequestHeader(key, version, correlationId, null);
        }

        // The client id keeps its long form in flexible headers too, so that the fields up to here can be read in any version.
        string? clientId = reader.ReadNullableString(flexible: false);
        if (api.IsFlexible(version))
        {
            reader.SkipTaggedFields();
        }

        return new RequestHeader(key, version, correlationId, clientId);
    }

    /// <summary>Writes the header as a client does.</summary>
    /// <param name="writer">Where to.</param>
    /// <exception cref="ArgumentOutOfRangeException">The API is not supported.</exception>
    public void Write(ref KafkaWriter writer)
    {
        ApiSupport api = SupportedApis.Get(ApiKey);
        writer.WriteInt16((short)ApiKey);
        writer.WriteInt16(ApiVersion);
        writer.WriteInt32(CorrelationId);
        writer.WriteNullableString(ClientId, flexible: false);
        if (api.IsFlexible(ApiVersion))
        {
            writer.WriteNoTaggedFields();
        }
    }
}
