namespace StreamHouse.Records.Compression;

/// <summary>LZ4 frames with independent 64 KiB blocks and no content size, as Kafka's Java client writes them.</summary>
internal static class Lz4Codec
{
    public static unsafe RecordBatchError TryDecompress(Lz4DecompressionContext context, ReadOnlySpan<byte> input, PooledBytes output)
    {
        context.Reset();
        fixed (byte* source = input)
        {
            for (int at = 0; ;)
            {
                nuint consumed = (nuint)(input.Length - at);
                nuint produced;
                nuint hint;
                Span<byte> room = output.Room();
                fixed (byte* target = room)
                {
                    produced = (nuint)room.Length;
                    hint = Lz4Native.Decompress(context, target, ref produced, source + at, ref consumed, null);
                }

                if (Lz4Native.IsError(hint))
                {
                    return RecordBatchError.CorruptCompression;
                }

                at += (int)consumed;
                output.Advance((int)produced);
                if (output.IsOverLimit)
                {
                    return RecordBatchError.DecompressionTooLarge;
                }

                if (hint == 0)
                {
                    // Other clients refuse what follows the frame; accepting it here would hand them a batch they choke on.
                    return at == input.Length ? RecordBatchError.None : RecordBatchError.CorruptCompression;
                }

                bool starved = at == input.Length && (int)produced < room.Length;
                if (starved || (consumed == 0 && produced == 0))
                {
                    return RecordBatchError.CorruptCompression;
                }
            }
        }
    }

    public static unsafe void Compress(ReadOnlySpan<byte> input, PooledBytes output)
    {
        var preferences = new Lz4Native.Preferences
        {
            BlockSizeId = Lz4Native.BlockSize64KiB,
            BlockMode = Lz4Native.BlockIndependent,
        };
        Span<byte> room = output.Room(checked((int)Lz4Native.CompressFrameBound((nuint)input.Length, preferences)));
        nuint written;
        fixed (byte* source = input)
        fixed (byte* target = room)
        {
            written = Lz4Native.CompressFrame(target, (nuint)room.Length, source, (nuint)input.Length, preferences);
        }

        if (Lz4Native.IsError(written))
        {
            throw new RecordFormatException(RecordBatchError.CorruptCompression, "liblz4 failed to compress the records.");
        }

        output.Advance((int)written);
    }
}
