using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Records.Compression;

/// <summary>The parts of libzstd in use. A size that it returns may be an error code instead: see <see cref="IsError"/>.</summary>
internal static unsafe partial class ZstdNative
{
    /// <summary>zstd's own default, and Kafka's.</summary>
    public const int DefaultLevel = 3;

    /// <summary>Frame content sizes from here on mean "unknown" or "no frame".</summary>
    public const ulong ContentSizeError = ulong.MaxValue - 1;

    /// <summary><c>ZSTD_reset_session_only</c>.</summary>
    public const int ResetSession = 1;

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_isError")]
    private static partial uint IsErrorCode(nuint code);

    public static bool IsError(nuint code) => IsErrorCode(code) != 0;

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateDecompressionContext();

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompressionContext(nint context);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_sizeof_DCtx")]
    public static partial nuint SizeOfDecompressionContext(ZstdDecompressionContext context);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_DCtx_reset")]
    public static partial nuint ResetDecompressionContext(ZstdDecompressionContext context, int what);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint DecompressStream(ZstdDecompressionContext context, ref Buffer output, ref Buffer input);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_getFrameContentSize")]
    public static partial ulong GetFrameContentSize(byte* source, nuint sourceBytes);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreateCompressionContext();

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompressionContext(nint context);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_compressBound")]
    public static partial nuint CompressBound(nuint sourceBytes);

    [LibraryImport(CodecAvailability.ZstdLibrary, EntryPoint = "ZSTD_compressCCtx")]
    public static partial nuint Compress(
        ZstdCompressionContext context, byte* target, nuint targetBytes, byte* source, nuint sourceBytes, int level);

    /// <summary><c>ZSTD_inBuffer</c> and <c>ZSTD_outBuffer</c>, which are alike.</summary>
    public struct Buffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }
}

/// <summary>Decompression state of libzstd; freed with the handle.</summary>
internal sealed class ZstdDecompressionContext : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int LargeBytes = 8 * 1024 * 1024;

    private ZstdDecompressionContext(nint context)
        : base(ownsHandle: true) => SetHandle(context);

    /// <summary>Whether the state holds more memory than a reader should keep between batches.</summary>
    public bool IsLarge => ZstdNative.SizeOfDecompressionContext(this) > LargeBytes;

    public static ZstdDecompressionContext Create()
    {
        nint context = ZstdNative.CreateDecompressionContext();
        return context == 0 ? throw new InsufficientMemoryException("libzstd could not allocate its state.") : new(context);
    }

    public void Reset() => ZstdNative.ResetDecompressionContext(this, ZstdNative.ResetSession);

    protected override bool ReleaseHandle()
    {
        _ = ZstdNative.FreeDecompressionContext(handle);
        return true;
    }
}

/// <summary>Compression state of libzstd; freed with the handle.</summary>
internal sealed class ZstdCompressionContext : SafeHandleZeroOrMinusOneIsInvalid
{
    private ZstdCompressionContext(nint context)
        : base(ownsHandle: true) => SetHandle(context);

    public static ZstdCompressionContext Create()
    {
        nint context = ZstdNative.CreateCompressionContext();
        return context == 0 ? throw new InsufficientMemoryException("libzstd could not allocate its state.") : new(context);
    }

    protected override bool ReleaseHandle()
    {
        _ = ZstdNative.FreeCompressionContext(handle);
        return true;
    }
}
