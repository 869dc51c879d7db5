using System.Text;
using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class RecordBatchBuilderTests
{
    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void What_was_added_is_read_back(CompressionCodec codec)
    {
        using var builder = new RecordBatchBuilder();
        using var reader = new RecordBatchReader();
        for (int i = 0; i < 1000; i++)
        {
            builder.Add(1_000 + i, Encoding.UTF8.GetBytes($"key {i}"), Encoding.UTF8.GetBytes($"value {i}"), [new RecordHeader("h", new byte[] { 1, 2 })]);
        }

        Memory<byte> batch = builder.Build(new RecordBatchOptions { Codec = codec, BaseOffset = 5 });

        new RecordBatchView(batch.Span).Codec.ShouldBe(codec);
        RecordBatchValidator.ValidateRecords(batch.Span, RecordBatchOrigin.Producer, reader, out RecordBatchContent content).ShouldBe(RecordBatchError.None);
        content.MaxTimestamp.ShouldBe(1_999);
        content.OffsetOfMaxTimestamp.ShouldBe(1_004);
        int read = 0;
        foreach (ref readonly var record in reader.Open(batch.Span))
        {
            record.Offset.ShouldBe(5 + read);
            record.Timestamp.ShouldBe(1_000 + read);
            Encoding.UTF8.GetString(record.Key.Span).ShouldBe($"key {read}");
            Encoding.UTF8.GetString(record.Value.Span).ShouldBe($"value {read}");
            record.HeaderCount.ShouldBe(1);
            read++;
        }

        read.ShouldBe(1000);
    }

    [Fact]
    public void An_empty_builder_builds_nothing()
    {
        using var builder = new RecordBatchBuilder();
        Should.Throw<RecordFormatException>(() => builder.Build(RecordBatchOptions.Default)).Error.ShouldBe(RecordBatchError.BadRecordCount);
    }

    [Fact]
    public void Records_that_do_not_shrink_are_left_uncompressed()
    {
        var noise = new byte[500];
        new Random(4).NextBytes(noise);
        using var builder = new RecordBatchBuilder();
        builder.Add(0, OptionalBytes.Null, noise);
        foreach (CompressionCodec codec in Enum.GetValues<CompressionCodec>())
        {
            Memory<byte> batch = builder.Build(new RecordBatchOptions { Codec = codec });
            batch.Length.ShouldBe(builder.SizeBytes);
            new RecordBatchView(batch.Span).Codec.ShouldBe(CompressionCodec.None);
            RecordBatchValidator.Validate(batch.Span).ShouldBe(RecordBatchError.None);
        }
    }

    [Fact]
    public void An_unknown_codec_is_refused()
    {
        using var builder = new RecordBatchBuilder();
        builder.Add(0, OptionalBytes.Null, OptionalBytes.Null);
        Should.Throw<RecordFormatException>(() => builder.Build(new RecordBatchOptions { Codec = (CompressionCodec)5 }))
            .Error.ShouldBe(RecordBatchError.UnknownCodec);
    }

    [Fact]
    public void A_refused_record_leaves_the_batch_as_it_was()
    {
        using var builder = new RecordBatchBuilder();
        builder.Add(10, "a"u8, "b"u8);
        builder.TryAdd(99, "a"u8, "b"u8, [], builder.SizeBytes).ShouldBeFalse();
        Should.Throw<ArgumentNullException>(() => builder.Add(99, "a"u8, "b"u8, [default]));

        (builder.Count, builder.MaxTimestamp).ShouldBe((1, 10));
        RecordBatchValidator.Validate(builder.Build(RecordBatchOptions.Default).Span).ShouldBe(RecordBatchError.None);
    }

    [Fact]
    public void A_builder_can_be_reset_and_built_with_other_options()
    {
        using var builder = new RecordBatchBuilder();
        builder.Add(10, "old"u8, "old"u8);
        builder.Reset();
        builder.MaxTimestamp.ShouldBe(-1);
        builder.Add(5, "k"u8, "v"u8);
        byte[] first = builder.Build(new RecordBatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = 0 }).ToArray();
        byte[] second = builder.Build(new RecordBatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = 9, IsTransactional = true }).ToArray();

        new RecordBatchView(first).MaxTimestamp.ShouldBe(5);
        (new RecordBatchView(first).BaseSequence, new RecordBatchView(second).BaseSequence).ShouldBe((0, 9));
        new RecordBatchView(second).IsTransactional.ShouldBeTrue();
        RecordBatchValidator.Validate(first).ShouldBe(RecordBatchError.None);
        RecordBatchValidator.Validate(second).ShouldBe(RecordBatchError.None);
    }

    [Fact]
    public void A_disposed_builder_takes_nothing()
    {
        var builder = new RecordBatchBuilder();
        builder.Dispose();
        builder.Dispose();
        Should.Throw<ObjectDisposedException>(() => builder.Add(0, "k"u8, "v"u8));
    }
}
