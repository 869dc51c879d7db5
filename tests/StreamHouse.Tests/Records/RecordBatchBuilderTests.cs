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
}
