using System.Buffers.Binary;
using StreamHouse.Records;
using StreamHouse.Records.Compression;

namespace StreamHouse.Tests.Records;

public sealed class RecordBatchValidatorTests
{
    private static readonly byte[] Valid = Convert.FromHexString(GoldenBatches.Uncompressed);

    public static TheoryData<CompressionCodec> Codecs => [.. Enum.GetValues<CompressionCodec>()];

    [Fact]
    public void Every_truncation_is_told()
    {
        for (int length = 0; length < Valid.Length; length++)
        {
            RecordBatchValidator.Validate(Valid.AsSpan(0, length)).ShouldBe(RecordBatchError.Truncated, $"length {length}");
        }
    }

    [Fact]
    public void A_byte_too_many_is_told() =>
        RecordBatchValidator.Validate([.. Valid, 0]).ShouldBe(RecordBatchError.OverLong);

    [Fact]
    public void Every_flipped_bit_behind_the_crc_is_told()
    {
        byte[] batch = Valid.ToArray();
        for (int bit = RecordBatchLayout.Crc * 8; bit < batch.Length * 8; bit++)
        {
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
            RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.CorruptCrc, $"bit {bit}");
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(RecordBatchLayout.BatchLength, 4, 48, RecordBatchError.BadLength)]
    [InlineData(RecordBatchLayout.BatchLength, 4, -1, RecordBatchError.BadLength)]
    [InlineData(RecordBatchLayout.BatchLength, 4, int.MaxValue, RecordBatchError.Truncated)]
    [InlineData(RecordBatchLayout.BatchLength, 4, 49, RecordBatchError.OverLong)]
    [InlineData(RecordBatchLayout.Magic, 1, 1, RecordBatchError.WrongMagic)]
    [InlineData(RecordBatchLayout.Magic, 1, 3, RecordBatchError.WrongMagic)]
    [InlineData(RecordBatchLayout.Attributes, 2, 5, RecordBatchError.UnknownCodec)]
    [InlineData(RecordBatchLayout.Attributes, 2, 7, RecordBatchError.UnknownCodec)]
    [InlineData(RecordBatchLayout.Attributes, 2, 0x08, RecordBatchError.BadAttributes)]
    [InlineData(RecordBatchLayout.Attributes, 2, 0x40, RecordBatchError.BadAttributes)]
    [InlineData(RecordBatchLayout.Attributes, 2, 0x80, RecordBatchError.BadAttributes)]
    [InlineData(RecordBatchLayout.Attributes, 2, 0x20, RecordBatchError.ControlBatchNotAllowed)]
    [InlineData(RecordBatchLayout.Attributes, 2, 0x10, RecordBatchError.None)]
    [InlineData(RecordBatchLayout.LastOffsetDelta, 4, 4, RecordBatchError.BadOffsetDelta)]
    [InlineData(RecordBatchLayout.LastOffsetDelta, 4, 2, RecordBatchError.BadOffsetDelta)]
    [InlineData(RecordBatchLayout.LastOffsetDelta, 4, -1, RecordBatchError.BadOffsetDelta)]
    [InlineData(RecordBatchLayout.RecordCount, 4, 5, RecordBatchError.BadOffsetDelta)]
    [InlineData(RecordBatchLayout.RecordCount, 4, 0, RecordBatchError.BadRecordCount)]
    [InlineData(RecordBatchLayout.RecordCount, 4, -4, RecordBatchError.BadRecordCount)]
    [InlineData(RecordBatchLayout.RecordCount, 4, int.MaxValue, RecordBatchError.BadRecordCount)]
    [InlineData(RecordBatchLayout.ProducerId, 8, -2, RecordBatchError.BadProducer)]
    [InlineData(RecordBatchLayout.ProducerId, 8, -1, RecordBatchError.None)]
    [InlineData(RecordBatchLayout.ProducerEpoch, 2, -1, RecordBatchError.BadProducer)]
    [InlineData(RecordBatchLayout.BaseSequence, 4, -1, RecordBatchError.BadProducer)]
    public void A_header_field_that_cannot_be_is_told(int at, int bytes, long value, RecordBatchError expected)
    {
        byte[] batch = Valid.ToArray();
        Write(batch, at, bytes, value);
        RecordBatchStamp.UpdateCrc(batch);

        RecordBatchValidator.Validate(batch).ShouldBe(expected);
    }

    [Fact]
    public void A_transaction_needs_a_producer()
    {
        byte[] batch = Valid.ToArray();
        Write(batch, RecordBatchLayout.Attributes, 2, RecordBatchLayout.TransactionalFlag);
        RecordBatchStamp.SetProducer(batch, -1, -1, -1);
        RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.BadProducer);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_record_count_that_lies_is_told(CompressionCodec codec)
    {
        using var reader = new RecordBatchReader();
        foreach (int lie in new[] { -1, 1, 50 })
        {
            byte[] batch = Build(codec, records: 100);
            Write(batch, RecordBatchLayout.RecordCount, 4, 100 + lie);
            Write(batch, RecordBatchLayout.LastOffsetDelta, 4, 99 + lie);
            RecordBatchStamp.UpdateCrc(batch);

            RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.None, "only the records can tell");
            RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out _).ShouldBe(RecordBatchError.BadRecordCount);
        }
    }

    [Fact]
    public void Offset_deltas_that_skip_are_told_to_a_producer_and_allowed_in_the_log()
    {
        using var reader = new RecordBatchReader();
        byte[] batch = Build(CompressionCodec.None, records: 3);
        int second = RecordBatchLayout.Records + (batch.Length - RecordBatchLayout.Records) / 3;
        batch[second + 3].ShouldBe((byte)2, "the second record's offset delta, zig-zag");
        batch[second + 3] = 6;
        RecordBatchStamp.UpdateCrc(batch);
        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out _).ShouldBe(RecordBatchError.BadOffsetDelta);

        batch[second + 3] = 2;
        Write(batch, RecordBatchLayout.LastOffsetDelta, 4, 9);
        RecordBatchStamp.UpdateCrc(batch);
        RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.BadOffsetDelta);
        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Log, reader, out _).ShouldBe(RecordBatchError.None);
    }

    [Theory]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void A_decompression_bomb_is_stopped_at_the_limit(CompressionCodec codec)
    {
        const int LimitBytes = 100_000;
        byte[] bomb = BatchAround(codec, Compress(codec, new byte[16 * 1024 * 1024]));
        using var reader = new RecordBatchReader(LimitBytes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        RecordBatchValidator.ValidateRecords(bomb, RecordBatchOrigin.Producer, reader, out _).ShouldBe(RecordBatchError.DecompressionTooLarge);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
    }

    [Theory]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void The_limit_itself_is_allowed_and_one_less_is_not(CompressionCodec codec)
    {
        byte[] batch = Build(codec, records: 5_000);
        using var unlimited = new RecordBatchReader();
        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, unlimited, out RecordBatchContent content).ShouldBe(RecordBatchError.None);

        using var exact = new RecordBatchReader(content.PayloadBytes);
        using var tooSmall = new RecordBatchReader(content.PayloadBytes - 1);
        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, exact, out _).ShouldBe(RecordBatchError.None);
        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, tooSmall, out _).ShouldBe(RecordBatchError.DecompressionTooLarge);
    }

    [Fact]
    public void A_zstd_frame_of_unknown_size_is_stopped_too()
    {
        byte[] batch = Convert.FromHexString(GoldenBatches.ZstdWithoutContentSize);
        using var reader = new RecordBatchReader(100);
        reader.TryOpen(batch, out _).ShouldBe(RecordBatchError.DecompressionTooLarge);
    }

    [Theory]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void Bytes_behind_the_compressed_block_are_refused(CompressionCodec codec)
    {
        byte[] batch = Build(codec, records: 100);
        byte[] payload = batch[RecordBatchLayout.Records..];
        using var reader = new RecordBatchReader();
        reader.TryOpen(BatchAround(codec, payload), out _).ShouldBe(RecordBatchError.None);
        reader.TryOpen(BatchAround(codec, [.. payload, 1, 2, 3]), out _).ShouldBe(RecordBatchError.CorruptCompression);
    }

    [Fact]
    public void A_gzip_checksum_that_does_not_match_is_told()
    {
        byte[] payload = Build(CompressionCodec.Gzip, records: 100)[RecordBatchLayout.Records..];
        payload[^5] ^= 1;
        using var reader = new RecordBatchReader();
        reader.TryOpen(BatchAround(CompressionCodec.Gzip, payload), out _).ShouldBe(RecordBatchError.CorruptCompression);
    }

    [Fact]
    public void A_missing_library_is_named_with_its_package()
    {
        CodecAvailability.Missing(CompressionCodec.Lz4).Message.ShouldContain("liblz4.so.1");
        CodecAvailability.Missing(CompressionCodec.Lz4).Message.ShouldContain("apt-get install liblz4-1");
        CodecAvailability.Missing(CompressionCodec.Zstd).Message.ShouldContain("apt-get install libzstd1");
        CodecAvailability.Missing(CompressionCodec.Zstd).Error.ShouldBe(RecordBatchError.CodecUnavailable);
        using var decompressor = new Decompressor(1_000, codec => codec != CompressionCodec.Lz4);
        decompressor.TryDecompress(CompressionCodec.Lz4, [1], out _).ShouldBe(RecordBatchError.CodecUnavailable);
    }

    internal static byte[] Build(CompressionCodec codec, int records)
    {
        using var builder = new RecordBatchBuilder();
        for (int i = 0; i < records; i++)
        {
            builder.Add(1_000, "key"u8, "value"u8);
        }

        return builder.Build(new RecordBatchOptions { Codec = codec }).ToArray();
    }

    /// <summary>A batch with a good header and CRC around any payload.</summary>
    internal static byte[] BatchAround(CompressionCodec codec, ReadOnlySpan<byte> payload)
    {
        byte[] batch = [.. Build(CompressionCodec.None, 1).AsSpan(0, RecordBatchLayout.Records), .. payload];
        Write(batch, RecordBatchLayout.BatchLength, 4, batch.Length - RecordBatchLayout.LengthPrefixBytes);
        Write(batch, RecordBatchLayout.Attributes, 2, (int)codec);
        RecordBatchStamp.UpdateCrc(batch);
        return batch;
    }

    internal static byte[] Compress(CompressionCodec codec, ReadOnlySpan<byte> data)
    {
        using var compressor = new Compressor();
        using var output = new PooledBytes(Array.MaxLength);
        compressor.Compress(codec, data, output);
        return output.Span.ToArray();
    }

    private static void Write(byte[] batch, int at, int bytes, long value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, value);
        eight[^bytes..].CopyTo(batch.AsSpan(at));
    }
}
