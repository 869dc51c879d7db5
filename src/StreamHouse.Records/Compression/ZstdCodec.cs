namespace StreamHouse.Records.Compression;

/// <summary>zstd streams, whose content size may be missing and whose frames may be several.</summary>
internal static class ZstdCodec
{
    // Reserve what a frame says it holds only as far as compression of this ratio explains it; beyond, the buffer grows as bytes come.
    private const int BelievedRatio = 64;

    public static unsafe RecordBatchError TryDecompress(ZstdDecompressionContext context, ReadOnlySpan<byte> input, PooledBytes output)
    {
        if (input.IsEmpty)
        {
            return RecordBatchError.CorruptCompression;
        }

        context.Reset();
        fixed (byte* source = input)
        {
            ulong contentBytes = ZstdNative.GetFrameContentSize(source, (nuint)input.Length);
            if (contentBytes < ZstdNative.ContentSizeError)
            {
                if (contentBytes > (ulong)output.LeftBytes)
                {
                    return RecordBatchError.DecompressionTooLarge;
                }

                output.Reserve((int)Math.Min(contentBytes, (ulong)input.Length * BelievedRatio));
            }

            var from = new ZstdNative.Buffer { Start = source, Size = (nuint)input.Length };
            while (true)
            {
                nuint fromBefore = from.Position;
                Span<byte> room = output.Room();
                nuint hint;
                nuint produced;
                fixed (byte* target = room)
                {
                    var to = new ZstdNative.Buffer { Start = target, Size = (nuint)room.Length };
                    hint = ZstdNative.DecompressStream(context, ref to, ref from);
                    produced = to.Position;
                }

                if (ZstdNative.IsError(hint))
                {
                    return RecordBatchError.CorruptCompression;
                }

                output.Advance((int)produced);
                if (output.IsOverLimit)
                {
                    return RecordBatchError.DecompressionTooLarge;
                }

                if (from.Position == from.Size && hint == 0)
                {
                    return RecordBatchError.None;
                }

                bool starved = from.Position == from.Size && (int)produced < room.Length;
                if (starved || (from.Position == fromBefore && produced == 0))
                {
                    return RecordBatchError.CorruptCompression;
                }
            }
        }
    }

    public static unsafe void Compress(ZstdCompressionContext context, ReadOnlySpan<byte> input, PooledBytes output)
    {
        Span<byte> room = output.Room(checked((int)ZstdNative.CompressBound((nuint)input.Length)));
        nuint written;
        fixed (byte* source = input)
        fixed (byte* target = room)
        {
            written = ZstdNative.Compress(context, target, (nuint)room.Length, source, (nuint)input.Length, ZstdNative.DefaultLevel);
        }

        if (ZstdNative.IsError(written))
        {
            throw new RecordFormatException(RecordBatchError.CorruptCompression, "libzstd failed to compress the records.");
        }

        output.Advance((int)written);
    }
}
