using System.Text;
using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class GoldenBatchTests
{
    [Theory]
    [InlineData(GoldenBatches.Uncompressed, CompressionCodec.None)]
    [InlineData(GoldenBatches.Gzip, CompressionCodec.Gzip)]
    [InlineData(GoldenBatches.SnappyXerial, CompressionCodec.Snappy)]
    [InlineData(GoldenBatches.SnappyRaw, CompressionCodec.Snappy)]
    [InlineData(GoldenBatches.Lz4, CompressionCodec.Lz4)]
    [InlineData(GoldenBatches.Zstd, CompressionCodec.Zstd)]
    [InlineData(GoldenBatches.ZstdWithoutContentSize, CompressionCodec.Zstd)]
    public void A_batch_of_another_implementation_is_read(string hex, CompressionCodec codec)
    {
        byte[] batch = Convert.FromHexString(hex);
        using var reader = new RecordBatchReader();

        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out RecordBatchContent content).ShouldBe(RecordBatchError.None);
        content.MaxTimestamp.ShouldBe(1_700_000_000_900);
        content.OffsetOfMaxTimestamp.ShouldBe(3);
        content.KeylessRecords.ShouldBe(1);

        var view = new RecordBatchView(batch);
        view.Codec.ShouldBe(codec);
        view.SizeBytes.ShouldBe(batch.Length);
        view.ProducerId.ShouldBe(4711);
        view.ProducerEpoch.ShouldBe((short)3);
        view.BaseSequence.ShouldBe(77);
        view.LastSequence.ShouldBe(80);
        view.LastOffset.ShouldBe(3);
        view.NextOffset.ShouldBe(4);
        view.MaxTimestamp.ShouldBe(1_700_000_000_900);
        view.PartitionLeaderEpoch.ShouldBe(0);

        Describe(reader.Open(batch)).ShouldBe(
        [
            "0 @1700000000000 key-0=value-0 value-0 value-0 value-0 []",
            "1 @1700000000005 null= [trace=\0\u0001;none=null;é=]",
            "2 @1699999999990 =null []",
            $"3 @1700000000900 {new string('k', 70)}={string.Concat(Enumerable.Repeat("ab", 150))} []",
        ]);
    }

    [Fact]
    public void The_builder_writes_the_same_bytes()
    {
        using var builder = new RecordBatchBuilder();
        builder.Add(1_700_000_000_000, "key-0"u8, "value-0 value-0 value-0 value-0"u8);
        builder.Add(
            1_700_000_000_005,
            OptionalBytes.Null,
            ""u8,
            [new RecordHeader("trace", new byte[] { 0, 1 }), new RecordHeader("none", null), new RecordHeader("é", ReadOnlyMemory<byte>.Empty)]);
        builder.Add(1_699_999_999_990, ""u8, OptionalBytes.Null);
        builder.Add(1_700_000_000_900, Encoding.ASCII.GetBytes(new string('k', 70)), Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("ab", 150))));

        Memory<byte> batch = builder.Build(
            new RecordBatchOptions { ProducerId = 4711, ProducerEpoch = 3, BaseSequence = 77, PartitionLeaderEpoch = 0 });

        Convert.ToHexStringLower(batch.Span).ShouldBe(GoldenBatches.Uncompressed);
    }

    // By hand from the format: version 0, type commit; value version 0, coordinator epoch 9.
    [Fact]
    public void A_commit_marker_has_Kafkas_bytes()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        new ControlRecord(ControlRecordType.Commit, 9).WriteBatch(output, timestamp: 5, producerId: 6, producerEpoch: 7);

        ReadOnlySpan<byte> batch = output.WrittenSpan;
        Convert.ToHexStringLower(batch[..17]).ShouldBe("0000000000000000" + "00000042" + "ffffffff" + "02");
        Convert.ToHexStringLower(batch[21..]).ShouldBe(
            "0030" + "00000000" + "0000000000000005" + "0000000000000005" + "0000000000000006" + "0007" + "ffffffff" + "00000001"
            + "20" + "00" + "00" + "00" + "08" + "00000001" + "0c" + "000000000009" + "00");
        RecordBatchValidator.Validate(batch, RecordBatchOrigin.Log).ShouldBe(RecordBatchError.None);
        RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.ControlBatchNotAllowed);

        using var reader = new RecordBatchReader();
        RecordReader records = reader.Open(batch);
        records.MoveNext().ShouldBeTrue();
        ControlRecord.TryParse(in records.Current, out ControlRecord marker).ShouldBe(RecordBatchError.None);
        marker.ShouldBe(new ControlRecord(ControlRecordType.Commit, 9));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, new byte[] { 0, 0, 0, 0, 0, 1 }, RecordBatchError.None, ControlRecordType.Abort)]
    [InlineData(new byte[] { 0, 0, 0, 9 }, new byte[] { 0 }, RecordBatchError.None, ControlRecordType.Unknown)]
    [InlineData(new byte[] { 0, 0, 0 }, new byte[] { 0, 0, 0, 0, 0, 1 }, RecordBatchError.MalformedRecord, ControlRecordType.Abort)]
    [InlineData(new byte[] { 0, 0, 0, 1 }, new byte[] { 0, 0, 0, 0, 0 }, RecordBatchError.MalformedRecord, ControlRecordType.Abort)]
    [InlineData(new byte[] { 0xFF, 0xFF, 0, 1 }, new byte[] { 0, 0, 0, 0, 0, 1 }, RecordBatchError.MalformedRecord, ControlRecordType.Abort)]
    public void Markers_are_parsed_or_refused(byte[] key, byte[] value, RecordBatchError expected, ControlRecordType type)
    {
        using var builder = new RecordBatchBuilder();
        using var reader = new RecordBatchReader();
        builder.Add(0, key, value);
        RecordReader records = reader.Open(builder.Build(new RecordBatchOptions { IsControl = true }).Span);
        records.MoveNext().ShouldBeTrue();

        ControlRecord.TryParse(in records.Current, out ControlRecord marker).ShouldBe(expected);
        marker.Type.ShouldBe(type);
    }

    private static List<string> Describe(RecordReader records)
    {
        var lines = new List<string>();
        foreach (ref readonly var record in records)
        {
            var headers = new List<string>();
            foreach (RecordHeaderView header in record.Headers)
            {
                headers.Add($"{header.KeyText}={Text(header.Value)}");
            }

            lines.Add($"{record.Offset} @{record.Timestamp} {Text(record.Key)}={Text(record.Value)} [{string.Join(';', headers)}]");
        }

        return lines;
    }

    private static string Text(OptionalBytes bytes) => bytes.IsNull ? "null" : Encoding.UTF8.GetString(bytes.Span);
}
