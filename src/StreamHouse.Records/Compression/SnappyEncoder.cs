using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace StreamHouse.Records.Compression;

/// <summary>Writes Snappy in the xerial framing with chunks of 32 KiB, as Kafka's Java client does.</summary>
internal sealed class SnappyEncoder
{
    private const int ChunkBytes = 32 * 1024;
    private const int HashBits = 14;
    private const int MatchBytesMin = 4;

    // Positions within a chunk, plus one; zero is empty.
    private readonly ushort[] _table = new ushort[1 << HashBits];

    public void Compress(ReadOnlySpan<byte> input, PooledBytes output)
    {
        Span<byte> header = output.Room(SnappyDecoder.XerialHeaderBytes);
        SnappyDecoder.XerialMagic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], 1);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], 1);
        output.Advance(header.Length);
        while (!input.IsEmpty)
        {
            ReadOnlySpan<byte> chunk = input[..Math.Min(input.Length, ChunkBytes)];
            input = input[chunk.Length..];

            // Literals cost three bytes for every run, and runs are ended by copies that save more; this bound is the format's own.
            Span<byte> room = output.Room(sizeof(int) + 32 + chunk.Length + chunk.Length / 6);
            int written = CompressBlock(chunk, room[sizeof(int)..]);
            BinaryPrimitives.WriteInt32BigEndian(room, written);
            output.Advance(sizeof(int) + written);
        }
    }

    private int CompressBlock(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int written = 0;
        Varint.WriteUnsigned(output, ref written, (uint)input.Length);
        Array.Clear(_table);
        int literalStart = 0;
        int at = 0;
        int misses = 0;
        while (at <= input.Length - MatchBytesMin)
        {
            uint word = MemoryMarshal.Read<uint>(input[at..]);
            ref ushort slot = ref _table[(word * 0x1E35_A7BD) >> (32 - HashBits)];
            int candidate = slot - 1;
            slot = (ushort)(at + 1);
            if (candidate < 0 || MemoryMarshal.Read<uint>(input[candidate..]) != word)
            {
                // The longer nothing matches, the larger the steps: incompressible data passes quickly.
                at += 1 + (misses++ >> 5);
                continue;
            }

            misses = 0;
            int length = MatchBytesMin + input[(at + MatchBytesMin)..].CommonPrefixLength(input[(candidate + MatchBytesMin)..]);
            WriteLiteral(input[literalStart..at], output, ref written);
            WriteCopy(at - candidate, length, output, ref written);
            at += length;
            literalStart = at;
        }

        WriteLiteral(input[literalStart..], output, ref written);
        return written;
    }

    private static void WriteLiteral(ReadOnlySpan<byte> literal, Span<byte> output, ref int written)
    {
        if (literal.IsEmpty)
        {
            return;
        }

        int lengthMinusOne = literal.Length - 1;
        if (lengthMinusOne < 60)
        {
            output[written++] = (byte)(lengthMinusOne << 2);
        }
        else
        {
            int bytes = (BitOperations.Log2((uint)lengthMinusOne) >> 3) + 1;
            output[written++] = (byte)((59 + bytes) << 2);
            for (int i = 0; i < bytes; i++)
            {
                output[written++] = (byte)(lengthMinusOne >> (8 * i));
            }
        }

        literal.CopyTo(output[written..]);
        written += literal.Length;
    }

    // Chunks are 32 KiB, so every offset fits two bytes. A tail under four bytes could not use the short form: 60 leaves at least four.
    private static void WriteCopy(int offset, int length, Span<byte> output, ref int written)
    {
        while (length >= 68)
        {
            WriteLongCopy(offset, 64, output, ref written);
            length -= 64;
        }

        if (length > 64)
        {
            WriteLongCopy(offset, 60, output, ref written);
            length -= 60;
        }

        if (length >= 12 || offset >= 2048)
        {
            WriteLongCopy(offset, length, output, ref written);
            return;
        }

        output[written++] = (byte)(1 | ((length - 4) << 2) | ((offset >> 8) << 5));
        output[written++] = (byte)offset;
    }

    private static void WriteLongCopy(int offset, int length, Span<byte> output, ref int written)
    {
        output[written] = (byte)(2 | ((length - 1) << 2));
        BinaryPrimitives.WriteUInt16LittleEndian(output[(written + 1)..], (ushort)offset);
        written += 3;
    }
}
