using System.Buffers.Binary;

namespace StreamHouse.Records.Compression;

/// <summary>Reads Snappy blocks, raw or in the framing of the Java library ("xerial"), which Kafka's Java client writes.</summary>
internal static class SnappyDecoder
{
    /// <summary>Magic, then version and compatible version, u32 each; then chunks: u32 length and a raw block.</summary>
    public const int XerialHeaderBytes = 16;

    // The best a Snappy block can do is 64 bytes from a 3-byte copy. A block that claims more lies, and gets no buffer.
    private const int ExpansionMax = 22;

    public static ReadOnlySpan<byte> XerialMagic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static RecordBatchError TryDecompress(ReadOnlySpan<byte> input, PooledBytes output)
    {
        if (!input.StartsWith(XerialMagic))
        {
            return TryDecompressBlock(input, output);
        }

        if (input.Length < XerialHeaderBytes)
        {
            return RecordBatchError.CorruptCompression;
        }

        ReadOnlySpan<byte> rest = input[XerialHeaderBytes..];
        while (!rest.IsEmpty)
        {
            if (!BinaryPrimitives.TryReadInt32BigEndian(rest, out int length) || (uint)length > (uint)(rest.Length - sizeof(int)))
            {
                return RecordBatchError.CorruptCompression;
            }

            RecordBatchError error = TryDecompressBlock(rest.Slice(sizeof(int), length), output);
            if (error != RecordBatchError.None)
            {
                return error;
            }

            rest = rest[(sizeof(int) + length)..];
        }

        return RecordBatchError.None;
    }

    private static RecordBatchError TryDecompressBlock(ReadOnlySpan<byte> input, PooledBytes output)
    {
        int at = 0;
        if (!Varint.TryReadUnsigned(input, ref at, out uint length) || length > (long)input.Length * ExpansionMax)
        {
            return RecordBatchError.CorruptCompression;
        }

        if (length > output.LeftBytes)
        {
            return RecordBatchError.DecompressionTooLarge;
        }

        if (!TryExpand(input[at..], output.Room((int)length)))
        {
            return RecordBatchError.CorruptCompression;
        }

        output.Advance((int)length);
        return RecordBatchError.None;
    }

    private static bool TryExpand(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int at = 0;
        int written = 0;
        while (at < input.Length)
        {
            int tag = input[at++];
            if ((tag & 3) == 0)
            {
                if (!TryReadLiteralLength(input, ref at, tag >> 2, out int literal) || literal > output.Length - written)
                {
                    return false;
                }

                input.Slice(at, literal).CopyTo(output[written..]);
                at += literal;
                written += literal;
                continue;
            }

            if (!TryReadCopy(input, ref at, tag, out int length, out uint offset)
                || offset - 1 >= (uint)written // offset 0 wraps round and is refused as well
                || length > output.Length - written)
            {
                return false;
            }

            CopyWithin(output, written, (int)offset, length);
            written += length;
        }

        return written == output.Length;
    }

    // Lengths up to 60 lie in the tag; 60 to 63 there mean that 1 to 4 bytes follow with the length minus one.
    private static bool TryReadLiteralLength(ReadOnlySpan<byte> input, ref int at, int code, out int length)
    {
        uint lengthMinusOne = (uint)code;
        if (code >= 60)
        {
            int bytes = code - 59;
            length = 0;
            if (bytes > input.Length - at)
            {
                return false;
            }

            lengthMinusOne = 0;
            for (int i = 0; i < bytes; i++)
            {
                lengthMinusOne |= (uint)input[at + i] << (8 * i);
            }

            at += bytes;
        }

        length = (int)(lengthMinusOne + 1);
        return lengthMinusOne < (uint)(input.Length - at);
    }

    private static bool TryReadCopy(ReadOnlySpan<byte> input, ref int at, int tag, out int length, out uint offset)
    {
        int bytes = 1 << ((tag & 3) - 1); // 1, 2 or 4
        length = (tag >> 2) + 1;
        offset = 0;
        if (bytes > input.Length - at)
        {
            return false;
        }

        switch (bytes)
        {
            case 1:
                length = ((tag >> 2) & 7) + 4;
                offset = (uint)((tag >> 5) << 8) | input[at];
                break;
            case 2:
                offset = BinaryPrimitives.ReadUInt16LittleEndian(input[at..]);
                break;
            default:
                offset = BinaryPrimitives.ReadUInt32LittleEndian(input[at..]);
                break;
        }

        at += bytes;
        return true;
    }

    // A copy may overlap what it writes, which repeats the last `offset` bytes.
    private static void CopyWithin(Span<byte> output, int to, int offset, int length)
    {
        if (offset >= length)
        {
            output.Slice(to - offset, length).CopyTo(output[to..]);
            return;
        }

        Span<byte> target = output.Slice(to - offset, offset + length);
        for (int i = offset; i < target.Length; i++)
        {
            target[i] = target[i - offset];
        }
    }
}
