using System.Text;
using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class Crc32CTests
{
    // RFC 3720, B.4; the last is the check value of the CRC catalogues.
    [Fact]
    public void Published_vectors_match()
    {
        Crc32C.Compute(new byte[32]).ShouldBe(0x8A91_36AAu);
        Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()).ShouldBe(0x62A8_AB43u);
        Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()).ShouldBe(0x46DD_794Eu);
        Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")).ShouldBe(0xE306_9283u);
        Crc32C.Compute([]).ShouldBe(0u);
    }

    [Fact]
    public void Interleaved_equals_one_bit_at_a_time_at_every_length_and_alignment()
    {
        var data = new byte[14_000];
        new Random(1).NextBytes(data);
        uint[] expected = Prefixes(data.AsSpan(3));
        for (int length = 0; length < expected.Length; length += length < 2_000 ? 1 : 61)
        {
            Crc32C.Compute(data.AsSpan(3, length)).ShouldBe(expected[length], $"length {length}");
        }

        Crc32C.Compute(data.AsSpan(3)).ShouldBe(expected[^1]);
        for (int from = 0; from < 16; from++)
        {
            Crc32C.Compute(data.AsSpan(from, 7_000)).ShouldBe(Crc32C.AppendSerial(0, data.AsSpan(from, 7_000)));
        }
    }

    [Fact]
    public void Appending_parts_equals_computing_the_whole()
    {
        var data = new byte[3_000];
        new Random(2).NextBytes(data);
        uint whole = Crc32C.Compute(data);
        for (int cut = 0; cut <= data.Length; cut += 7)
        {
            Crc32C.Append(Crc32C.Compute(data.AsSpan(0, cut)), data.AsSpan(cut)).ShouldBe(whole, $"cut at {cut}");
        }
    }

    [Fact]
    public void Combining_the_sums_of_two_parts_equals_computing_the_whole()
    {
        var data = new byte[70_001];
        new Random(3).NextBytes(data);
        foreach (int length in new[] { 0, 1, 2, 7, 8, 255, 4_096, 70_001 })
        {
            uint whole = Crc32C.Compute(data.AsSpan(0, length));
            for (int cut = 0; cut <= length; cut += Math.Max(1, length / 97))
            {
                Crc32C.Combine(Crc32C.Compute(data.AsSpan(0, cut)), Crc32C.Compute(data.AsSpan(cut, length - cut)), length - cut)
                    .ShouldBe(whole, $"{length} bytes cut at {cut}");
            }
        }

        // A part of half a petabyte: as moving over it a thousand times a half a terabyte.
        uint moved = 0x1234_5678;
        for (int i = 0; i < 1024; i++)
        {
            moved = Crc32C.Combine(moved, 0, 1L << 39);
        }

        Crc32C.Combine(0x1234_5678, 0, 1L << 49).ShouldBe(moved);
        Should.Throw<ArgumentOutOfRangeException>(() => Crc32C.Combine(1, 2, -1));
    }

    // The definition, bit by bit: result[n] is the CRC of the first n bytes.
    private static uint[] Prefixes(ReadOnlySpan<byte> data)
    {
        var result = new uint[data.Length + 1];
        uint state = uint.MaxValue;
        for (int i = 0; i < data.Length; i++)
        {
            state ^= data[i];
            for (int bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ 0x82F6_3B78 : state >> 1;
            }

            result[i + 1] = ~state;
        }

        return result;
    }
}
