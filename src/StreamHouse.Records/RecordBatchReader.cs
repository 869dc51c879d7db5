using StreamHouse.Records.Compression;

namespace StreamHouse.Records;

/// <summary>
/// Opens the records of batches, decompressing into one pooled buffer that it keeps from batch to batch. Reuse it; for one caller at a time.
/// Records of a compressed batch are valid until the next batch is opened or the reader disposed.
/// </summary>
public sealed class RecordBatchReader : IDisposable
{
    /// <summary>How many bytes a batch may decompress to unless the caller says otherwise: 64 MiB.</summary>
    public const int DefaultDecompressedBytesMax = 64 * 1024 * 1024;

    private readonly Decompressor _decompressor;

    /// <summary>A reader that refuses batches which decompress to more than <paramref name="decompressedBytesMax"/> bytes.</summary>
    public RecordBatchReader(int decompressedBytesMax = DefaultDecompressedBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decompressedBytesMax);
        _decompressor = new Decompressor(decompressedBytesMax);
    }

    /// <summary>
    /// Opens exactly one batch, whose header has been validated or comes from a source that did. Bad bytes give an error here or from the
    /// record reader, never anything worse.
    /// </summary>
    public RecordBatchError TryOpen(ReadOnlySpan<byte> batch, out RecordReader records)
    {
        records = default;
        if (batch.Length < RecordBatchLayout.Records)
        {
            return RecordBatchError.Truncated;
        }

        var view = new RecordBatchView(batch);
        if (view.Magic != RecordBatchLayout.MagicV2)
        {
            return RecordBatchError.WrongMagic;
        }

        ReadOnlySpan<byte> payload = view.Payload;
        if (view.Codec != CompressionCodec.None)
        {
            RecordBatchError error = _decompressor.TryDecompress(view.Codec, payload, out payload);
            if (error != RecordBatchError.None)
            {
                return error;
            }
        }

        records = new RecordReader(view, payload);
        return RecordBatchError.None;
    }

    /// <summary>As <see cref="TryOpen"/>, throwing.</summary>
    /// <exception cref="RecordFormatException">The batch cannot be opened; for a missing codec the message names its library and package.</exception>
    public RecordReader Open(ReadOnlySpan<byte> batch)
    {
        RecordBatchError error = TryOpen(batch, out RecordReader records);
        if (error == RecordBatchError.CodecUnavailable)
        {
            throw CodecAvailability.Missing(new RecordBatchView(batch).Codec);
        }

        RecordFormatException.ThrowIf(error);
        return records;
    }

    /// <summary>Returns buffer and codec state.</summary>
    public void Dispose() => _decompressor.Dispose();
}
