using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Records.Compression;

/// <summary>The frame API of liblz4. A size that it returns may be an error code instead: see <see cref="IsError"/>.</summary>
internal static unsafe partial class Lz4Native
{
    public const int BlockSize64KiB = 4;
    public const int BlockIndependent = 1;
    public const uint Version = 100;

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_isError")]
    private static partial uint IsErrorCode(nuint code);

    public static bool IsError(nuint code) => IsErrorCode(code) != 0;

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_createDecompressionContext")]
    public static partial nuint CreateDecompressionContext(out nint context, uint version);

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_freeDecompressionContext")]
    public static partial nuint FreeDecompressionContext(nint context);

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_resetDecompressionContext")]
    public static partial void ResetDecompressionContext(Lz4DecompressionContext context);

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_decompress")]
    public static partial nuint Decompress(
        Lz4DecompressionContext context, byte* target, ref nuint targetBytes, byte* source, ref nuint sourceBytes, void* options);

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_compressFrameBound")]
    public static partial nuint CompressFrameBound(nuint sourceBytes, in Preferences preferences);

    [LibraryImport(CodecAvailability.Lz4Library, EntryPoint = "LZ4F_compressFrame")]
    public static partial nuint CompressFrame(byte* target, nuint targetBytes, byte* source, nuint sourceBytes, in Preferences preferences);

    /// <summary><c>LZ4F_preferences_t</c>: 56 bytes, of which the unnamed ones stay zero (defaults).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct Preferences
    {
        [FieldOffset(0)]
        public int BlockSizeId;

        [FieldOffset(4)]
        public int BlockMode;
    }
}

/// <summary>Decompression state of liblz4; freed with the handle.</summary>
internal sealed class Lz4DecompressionContext : SafeHandleZeroOrMinusOneIsInvalid
{
    private Lz4DecompressionContext(nint context)
        : base(ownsHandle: true) => SetHandle(context);

    public static Lz4DecompressionContext Create()
    {
        nuint result = Lz4Native.CreateDecompressionContext(out nint context, Lz4Native.Version);
        return Lz4Native.IsError(result) ? throw new InsufficientMemoryException("liblz4 could not allocate its state.") : new(context);
    }

    public void Reset() => Lz4Native.ResetDecompressionContext(this);

    protected override bool ReleaseHandle()
    {
        _ = Lz4Native.FreeDecompressionContext(handle);
        return true;
    }
}
