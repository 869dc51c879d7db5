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

    /// <summary>Reads at <paramref name="at"/> and moves it; <see langword="false"/> when the bytes end or hold more than 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> input, ref int at, out int value)
    {
        if ((uint)at < (uint)input.Length && input[at] < 0x80)
        {
            uint raw = input[at++];
            value = (int)(raw >> 1) ^ -(int)(raw & 1);
            return true;
        }

        bool read = TryReadLong(input, ref at, 5, out ulong bits);
        value = (int)(uint)(bits >> 1) ^ -(int)(bits & 1);
        return read && bits <= uint.MaxValue;
    }

    /// <summary>Reads at <paramref name="at"/> and moves it; <see langword="false"/> when the bytes end or hold more than 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> input, ref int at, out long value)
    {
        if ((uint)at < (uint)input.Length && input[at] < 0x80)
        {
            uint raw = input[at++];
            value = (int)(raw >> 1) ^ -(int)(raw & 1);
            return true;
        }

        bool read = TryReadLong(input, ref at, 10, out ulong bits);
        value = (long)(bits >> 1) ^ -(long)(bits & 1);
        return read;
    }

    /// <summary>Reads an unsigned varint of 32 bits (Snappy's length).</summary>
    public static bool TryReadUnsigned(ReadOnlySpan<byte> input, ref int at, out uint value)
    {
        bool read = TryReadLong(input, ref at, 5, out ulong bits);
        value = (uint)bits;
        return read && bits <= uint.MaxValue;
    }

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

    private static bool TryReadLong(ReadOnlySpan<byte> input, ref int at, int bytesMax, out ulong bits)
    {
        bits = 0;
        ReadOnlySpan<byte> rest = (uint)at <= (uint)input.Length ? input[at..] : default;
        for (int i = 0; i < rest.Length && i < bytesMax; i++)
        {
            byte b = rest[i];
            bits |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                at += i + 1;

                // The tenth byte has room for one bit.
                return i < 9 || b <= 1;
            }
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    // One byte for each 7 bits begun: (bits * 9 + 64) / 64 is that without a division, for 1 to 64 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SizeOfUnsigned(ulong value) => ((64 - BitOperations.LeadingZeroCount(value | 1)) * 9 + 64) >> 6;
}
