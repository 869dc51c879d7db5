namespace StreamHouse.Records;

/// <summary>How the records of a batch are compressed; the values are Kafka's, as in the batch attributes.</summary>
public enum CompressionCodec
{
    /// <summary>The records lie as they are.</summary>
    None = 0,

    /// <summary>RFC 1952.</summary>
    Gzip = 1,

    /// <summary>Snappy, raw or in the Java "xerial" framing; written in the latter.</summary>
    Snappy = 2,

    /// <summary>An LZ4 frame. Needs the system's liblz4.so.1.</summary>
    Lz4 = 3,

    /// <summary>RFC 8878. Needs the system's libzstd.so.1.</summary>
    Zstd = 4,
}
