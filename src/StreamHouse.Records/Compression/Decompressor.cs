namespace StreamHouse.Records.Compression;

/// <summary>Decompresses the records of one batch at a time into a buffer that it keeps. Never more than the limit, whatever the input says.</summary>
internal sealed class Decompressor : IDisposable
{
    private readonly PooledBytes _output;
    private readonly Func<CompressionCodec, bool> _isAvailable;
    private Lz4DecompressionContext? _lz4;
    private ZstdDecompressionContext? _zstd;

    public Decompressor(int bytesMax)
        : this(bytesMax, CodecAvailability.IsAvailable)
    {
    }

    public Decompressor(int bytesMax, Func<CompressionCodec, bool> isAvailable)
    {
        _output = new PooledBytes(bytesMax);
        _isAvailable = isAvailable;
    }

    /// <summary>Decompresses <paramref name="input"/>; the result is valid until the next call.</summary>
    public RecordBatchError TryDecompress(CompressionCodec codec, ReadOnlySpan<byte> input, out ReadOnlySpan<byte> output)
    {
        output = default;
        _output.Clear();
        if (codec is < CompressionCodec.None or > CompressionCodec.Zstd)
        {
            return RecordBatchError.UnknownCodec;
        }

        if (!_isAvailable(codec))
        {
            return RecordBatchError.CodecUnavailable;
        }

        RecordBatchError error = codec switch
        {
            CompressionCodec.Gzip => GzipCodec.TryDecompress(input, _output),
            CompressionCodec.Snappy => SnappyDecoder.TryDecompress(input, _output),
            CompressionCodec.Lz4 => Lz4Codec.TryDecompress(_lz4 ??= Lz4DecompressionContext.Create(), input, _output),
            CompressionCodec.Zstd => DecompressZstd(input),
            _ => RecordBatchError.UnknownCodec,
        };
        if (error == RecordBatchError.None)
        {
            output = _output.Span;
        }

        return error;
    }

    public void Dispose()
    {
        _output.Dispose();
        _lz4?.Dispose();
        _lz4 = null;
        _zstd?.Dispose();
        _zstd = null;
    }

    // A stream with a large window makes the library keep a buffer of that size: give it back rather than hold it per reader.
    private RecordBatchError DecompressZstd(ReadOnlySpan<byte> input)
    {
        _zstd ??= ZstdDecompressionContext.Create();
        RecordBatchError error = ZstdCodec.TryDecompress(_zstd, input, _output);
        if (_zstd.IsLarge)
        {
            _zstd.Dispose();
            _zstd = null;
        }

        return error;
    }
}
