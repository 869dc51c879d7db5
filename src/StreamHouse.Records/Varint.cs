using System.Numerics;
using System.Runtime.CompilerServices;

namespace StreamHouse.Records;

/// <summary>Zig-zag variable-length integers as records hold them: seven bits a byte, least significant first.</summary>
internal static class Varint
{
    /// <summary>Bytes that <paramref name="value"/> takes, 1 to 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Size(int value) => SizeOfUnsigned(ZigZag(value));

    /// <summary>Bytes that <paramref name="value"/> takes, 1 to 10.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Size(long value) => SizeOfUnsigned((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes at <paramref name="at"/> and moves it; the caller has made room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> output, ref int at, int value) => WriteUnsigned(output, ref at, ZigZag(value));

    /// <summary>Writes at <paramref name="at"/> and moves it; the caller has made room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> output, ref int at, long value) =>
        WriteUnsigned(output, ref at, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes an unsigned varint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUnsigned(Span<byte> output, ref int at, ulong value)
    {
        while (value >= 0x80)
        {
            output[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        output[at++] = (byte)value;
    }

    /// <summary>Reads at <paramref name="at"/> and moves it; <see langword="false"/> when the bytes end or hold more than 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> input, ref int at, out int value)
    {
        bool read = TryReadBits(input, ref at, 5, out ulong bits);
        value = (int)((uint)bits >> 1) ^ -(int)(bits & 1);
        return read && bits <= uint.MaxValue;
    }

    /// <summary>Reads at <paramref name="at"/> and moves it; <see langword="false"/> when the bytes end or hold more than 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> input, ref int at, out long value)
    {
        bool read = TryReadBits(input, ref at, 10, out ulong bits);
        value = (long)(bits >> 1) ^ -(long)(bits & 1);
        return read;
    }

    /// <summary>Reads an unsigned varint of 32 bits (Snappy's length).</summary>
    public static bool TryReadUnsigned(ReadOnlySpan<byte> input, ref int at, out uint value)
    {
        bool read = TryReadBits(input, ref at, 5, out ulong bits);
        value = (uint)bits;
        return read && bits <= uint.MaxValue;
    }

    // One and two bytes inline: they are nearly all there are. The rest returns its results by value, because a local whose address
    // leaves this method would live in memory throughout the caller's loop.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadBits(ReadOnlySpan<byte> input, ref int at, int bytesMax, out ulong bits)
    {
        int start = at;
        if ((uint)start < (uint)input.Length)
        {
            uint first = input[start];
            if (first < 0x80)
            {
                at = start + 1;
                bits = first;
                return true;
            }

            if ((uint)(start + 1) < (uint)input.Length)
            {
                uint second = input[start + 1];
                if (second < 0x80)
                {
                    at = start + 2;
                    bits = (first & 0x7F) | (second << 7);
                    return true;
                }
            }
        }

        (bits, int bytes) = ReadMany(input, start, bytesMax);
        at = start + bytes;
        return bytes > 0;
    }

    // Bytes is 0 when there is no valid number.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (ulong Bits, int Bytes) ReadMany(ReadOnlySpan<byte> input, int at, int bytesMax)
    {
        ulong bits = 0;
        ReadOnlySpan<byte> rest = (uint)at <= (uint)input.Length ? input[at..] : default;
        for (int i = 0; i < rest.Length && i < bytesMax; i++)
        {
            byte b = rest[i];
            bits |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                // The tenth byte has room for one bit.
                return (bits, i < 9 || b <= 1 ? i + 1 : 0);
            }
        }

        return (0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    // One byte for each 7 bits begun: (bits * 9 + 64) / 64 is that without a division, for 1 to 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SizeOfUnsigned(ulong value) => ((64 - BitOperations.LeadingZeroCount(value | 1)) * 9 + 64) >> 6;
}
