using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace StreamHouse.Records;

/// <summary>
/// CRC-32C (Castagnoli), as record batches, node log and segments use it. In hardware where the processor can; inputs of
/// <see cref="InterleavedBytesMin"/> bytes and more run as three interleaved streams, because one stream waits three cycles for each step.
/// </summary>
public static class Crc32C
{
    /// <summary>From this many bytes on, three streams and one merge beat a single stream.</summary>
    internal const int InterleavedBytesMin = 128;

    // 256 words a stream: the merge costs some 15 cycles in 768, and a block (6 KiB) stays in the first-level cache.
    private const int StreamWordsMax = 256;

    private static readonly uint[] Shifts = BuildShifts();
    private static readonly uint[] BytePowers = BuildBytePowers();

    /// <summary>The CRC-32C of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The CRC-32C of bytes whose CRC is <paramref name="crc"/> followed by <paramref name="data"/>. The CRC of nothing is 0.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint state = ~crc;
        if (data.Length >= InterleavedBytesMin && Sse42.X64.IsSupported && Pclmulqdq.IsSupported)
        {
            state = UpdateInterleaved(state, ref data);
        }

        return ~UpdateSerial(state, data);
    }

    /// <summary>
    /// The CRC-32C of bytes whose CRC is <paramref name="first"/> followed by <paramref name="secondBytes"/> bytes whose CRC is
    /// <paramref name="second"/>, without reading any of them. Costs as much as reading some KiB.
    /// </summary>
    public static uint Combine(uint first, uint second, long secondBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondBytes);
        for (int i = 0; secondBytes != 0; i++, secondBytes >>= 1)
        {
            if ((secondBytes & 1) != 0)
            {
                first = MultiplyModulo(first, BytePowers[i]);
            }
        }

        return first ^ second;
    }

    /// <summary>One stream, portable: <see cref="BitOperations"/> uses the instruction where there is one, a table elsewhere.</summary>
    internal static uint AppendSerial(uint crc, ReadOnlySpan<byte> data) => ~UpdateSerial(~crc, data);

    private static uint UpdateSerial(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte b in data)
        {
            state = BitOperations.Crc32C(state, b);
        }

        return state;
    }

    // Splits a block into three runs of `words` words and one word more. The states of the first two runs are moved over what follows them by
    // a carry-less product with x^n mod P; folding the sum into the last word reduces it modulo P at the same time.
    private static uint UpdateInterleaved(uint state, ref ReadOnlySpan<byte> data)
    {
        do
        {
            int words = Math.Min((data.Length - sizeof(ulong)) / (3 * sizeof(ulong)), StreamWordsMax);
            int blockBytes = (3 * words + 1) * sizeof(ulong);
            ReadOnlySpan<byte> block = data[..blockBytes];
            data = data[blockBytes..];

            nuint run = (nuint)words * sizeof(ulong);
            ref byte at = ref MemoryMarshal.GetReference(block);
            ulong first = state, second = 0, third = 0;
            for (nuint i = 0; i < run; i += sizeof(ulong))
            {
                first = Sse42.X64.Crc32(first, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, i)));
                second = Sse42.X64.Crc32(second, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, i + run)));
                third = Sse42.X64.Crc32(third, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, i + 2 * run)));
            }

            ulong moved = Multiply(first, Shifts[2 * words]) ^ Multiply(second, Shifts[words]);
            ulong last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 3 * run));
            state = (uint)Sse42.X64.Crc32(third, last ^ moved);
        }
        while (data.Length >= InterleavedBytesMin);

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Multiply(ulong state, uint shift) =>
        Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(state), Vector128.CreateScalar((ulong)shift), 0).ToScalar();

    // Shifts[n] moves a state over n words: x^(64n + 64 - 33) mod P in reflected bits. The word that the product is folded into supplies
    // 64 bits of the exponent; reflecting a 63-bit product costs one bit and the instruction multiplies by x^32.
    private static uint[] BuildShifts()
    {
        var shifts = new uint[2 * StreamWordsMax + 1];
        uint power = 0x8000_0000; // x^0
        for (int i = 0; i < 64 - 33; i++)
        {
            power = TimesX(power);
        }

        for (int n = 0; n < shifts.Length; n++)
        {
            shifts[n] = power;
            for (int i = 0; i < 64; i++)
            {
                power = TimesX(power);
            }
        }

        return shifts;
    }

    // BytePowers[i] moves a CRC over 2^i bytes: x^(8 * 2^i) mod P.
    private static uint[] BuildBytePowers()
    {
        var powers = new uint[63];
        uint power = 0x8000_0000; // x^0
        for (int i = 0; i < 8; i++)
        {
            power = TimesX(power);
        }

        for (int i = 0; i < powers.Length; i++)
        {
            powers[i] = power;
            power = MultiplyModulo(power, power);
        }

        return powers;
    }

    private static uint MultiplyModulo(uint left, uint right)
    {
        uint product = 0;
        for (; left != 0; left <<= 1)
        {
            product ^= (left & 0x8000_0000) != 0 ? right : 0;
            right = TimesX(right);
        }

        return product;
    }

    private static uint TimesX(uint value) => (value & 1) != 0 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1;
}
