namespace StreamHouse.Kafka;

/// <summary>Guards of the generated messages.</summary>
internal static class MessageVersion
{
    public static void CheckRead(ApiKey api, short version, short min, short max)
    {
        if (version < min || version > max)
        {
            throw new KafkaFormatException($"{api} has no version {version}.");
        }
    }

    public static void CheckWrite(ApiKey api, short version, short min, short max)
    {
        if (version < min || version > max)
        {
            throw new ArgumentOutOfRangeException(nameof(version), version, $"{api} has versions {min} to {max}.");
        }
    }
}
