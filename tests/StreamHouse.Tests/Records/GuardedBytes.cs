using System.Runtime.InteropServices;

namespace StreamHouse.Tests.Records;

/// <summary>
/// A copy of bytes that ends exactly where an unreadable page begins: a read past the end is a segmentation fault, not a passing test.
/// </summary>
internal sealed unsafe partial class GuardedBytes : IDisposable
{
    private const int PageBytes = 4096;
    private readonly byte* _start;
    private readonly int _pages;

    public GuardedBytes(int bytesMax)
    {
        _pages = (bytesMax + PageBytes - 1) / PageBytes;
        _start = (byte*)Map(null, (nuint)((_pages + 1) * PageBytes), 3, 0x22, -1, 0);
        ((nint)_start).ShouldNotBe(-1);
        Protect(_start + (_pages * PageBytes), PageBytes, 0).ShouldBe(0);
    }

    public Span<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = new Span<byte>(_start + (_pages * PageBytes) - bytes.Length, bytes.Length);
        bytes.CopyTo(copy);
        return copy;
    }

    public void Dispose() => _ = Unmap(_start, (nuint)((_pages + 1) * PageBytes));

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
