using System.Runtime.InteropServices;

namespace StreamHouse.Records.Compression;

/// <summary>Which codecs work on this machine: LZ4 and zstd need a system library each.</summary>
public static class CodecAvailability
{
    internal const string Lz4Library = "liblz4.so.1";
    internal const string ZstdLibrary = "libzstd.so.1";

    private static readonly Lazy<bool> Lz4 = new(() => NativeLibrary.TryLoad(Lz4Library, out _));
    private static readonly Lazy<bool> Zstd = new(() => NativeLibrary.TryLoad(ZstdLibrary, out _));

    /// <summary>Whether <paramref name="codec"/> can be read and written here.</summary>
    public static bool IsAvailable(CompressionCodec codec) => codec switch
    {
        CompressionCodec.None or CompressionCodec.Gzip or CompressionCodec.Snappy => true,
        CompressionCodec.Lz4 => Lz4.Value,
        CompressionCodec.Zstd => Zstd.Value,
        _ => false,
    };

    /// <summary>The error for a codec that is not available; it names the library and the Debian package that brings it.</summary>
    public static RecordFormatException Missing(CompressionCodec codec) => codec switch
    {
        CompressionCodec.Lz4 => MissingLibrary("lz4", Lz4Library, "liblz4-1"),
        CompressionCodec.Zstd => MissingLibrary("zstd", ZstdLibrary, "libzstd1"),
        _ => new RecordFormatException(RecordBatchError.UnknownCodec, $"Compression codec {(int)codec} is unknown."),
    };

    private static RecordFormatException MissingLibrary(string codec, string library, string package) => new(
        RecordBatchError.CodecUnavailable,
        $"Records are compressed with {codec}, and its library {library} is not installed: apt-get install {package}");
}
