using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamHouse.Storage.Files;

/// <summary>Memory that can be written past the page cache: pinned, and aligned as every disk and file system wants it.</summary>
internal static class AlignedMemory
{
    /// <summary>What address, position and length of a direct write are multiples of.</summary>
    public const int AlignmentBytes = 4096;

    /// <summary>Left to the garbage collector, which does not move it.</summary>
    public static Memory<byte> Allocate(int bytes)
    {
        byte[] array = GC.AllocateUninitializedArray<byte>(bytes + AlignmentBytes, pinned: true);
        return array.AsMemory(OffsetToAlignment(array), bytes);
    }

    /// <summary>The largest multiple of the alignment that is not above <paramref name="bytes"/>.</summary>
    public static int RoundDown(int bytes) => bytes / AlignmentBytes * AlignmentBytes;

    private static unsafe int OffsetToAlignment(byte[] pinned)
    {
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        return (int)((AlignmentBytes - (address % AlignmentBytes)) % AlignmentBytes);
    }
}
