using System.Buffers;

namespace StreamHouse.Records.Compression;

/// <summary>
/// Growing bytes in an array of the shared pool. It holds at most one byte more than its limit, so that going over is seen, not guessed.
/// </summary>
internal sealed class PooledBytes : IDisposable
{
    private const int BytesMin = 4096;

    // One huge batch must not pin its memory for the life of a reader.
    private const int KeptBytesMax = 4 * 1024 * 1024;

    private readonly int _capacityMax;
    private byte[] _array = [];

    public PooledBytes(int bytesMax) => _capacityMax = Math.Min(bytesMax, Array.MaxLength - 1) + 1;

    /// <summary>Bytes held.</summary>
    public int Length { get; private set; }

    /// <summary>Whether more came than the limit allows.</summary>
    public bool IsOverLimit => Length == _capacityMax;

    /// <summary>How many bytes may still come, the limit kept.</summary>
    public int LeftBytes => _capacityMax - 1 - Length;

    public Span<byte> Span => _array.AsSpan(0, Length);

    public Memory<byte> Memory => _array.AsMemory(0, Length);

    public void Clear()
    {
        Length = 0;
        if (_array.Length > KeptBytesMax)
        {
            Dispose();
        }
    }

    /// <summary>Room to write to: at least one byte, more where the array has it.</summary>
    public Span<byte> Room()
    {
        if (Length == _array.Length)
        {
            Grow(Length + 1);
        }

        return _array.AsSpan(Length, Math.Min(_array.Length, _capacityMax) - Length);
    }

    /// <summary>Room for exactly <paramref name="bytes"/>, which the caller has held against <see cref="LeftBytes"/>.</summary>
    public Span<byte> Room(int bytes)
    {
        Reserve(bytes);
        return _array.AsSpan(Length, bytes);
    }

    /// <summary>Makes room beforehand when the size is known or guessed, within the limit.</summary>
    public void Reserve(int bytes)
    {
        long needed = Math.Min((long)Length + bytes, _capacityMax);
        if (needed > _array.Length)
        {
            Grow((int)needed);
        }
    }

    public void Advance(int bytes) => Length += bytes;

    public void Dispose()
    {
        Length = 0;
        Return(_array);
        _array = [];
    }

    private void Grow(int bytes)
    {
        long doubled = Math.Max(_array.Length * 2L, BytesMin);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(bytes, doubled), Array.MaxLength));
        _array.AsSpan(0, Length).CopyTo(larger);
        Return(_array);
        _array = larger;
    }

    private static void Return(byte[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
