namespace StreamHouse.Records.Compression;

/// <summary>Compresses records of one batch at a time; keeps the state that is costly to make.</summary>
internal sealed class Compressor : IDisposable
{
    private SnappyEncoder? _snappy;
    private ZstdCompressionContext? _zstd;

    /// <summary>Appends <paramref name="input"/>, compressed, to <paramref name="output"/>.</summary>
    /// <exception cref="RecordFormatException">The codec is unknown or its library is missing.</exception>
    public void Compress(CompressionCodec codec, ReadOnlySpan<byte> input, PooledBytes output)
    {
        if (codec == CompressionCodec.None || !CodecAvailability.IsAvailable(codec))
        {
            throw CodecAvailability.Missing(codec);
        }

        switch (codec)
        {
            case CompressionCodec.Gzip:
                GzipCodec.Compress(input, output);
                break;
            case CompressionCodec.Snappy:
                (_snappy ??= new SnappyEncoder()).Compress(input, output);
                break;
            case CompressionCodec.Lz4:
                Lz4Codec.Compress(input, output);
                break;
            default:
                ZstdCodec.Compress(_zstd ??= ZstdCompressionContext.Create(), input, output);
                break;
        }
    }

    public void Dispose()
    {
        _zstd?.Dispose();
        _zstd = null;
    }
}
