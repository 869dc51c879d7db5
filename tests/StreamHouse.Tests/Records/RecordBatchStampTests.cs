using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class RecordBatchStampTests
{
    [Fact]
    public void Offset_and_epoch_are_stamped_without_touching_the_crc()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 3);
        byte[] covered = batch[RecordBatchLayout.Magic..];

        RecordBatchStamp.SetOffset(batch, long.MaxValue - 10, 42);

        var view = new RecordBatchView(batch);
        view.BaseOffset.ShouldBe(long.MaxValue - 10);
        view.NextOffset.ShouldBe(long.MaxValue - 7);
        view.PartitionLeaderEpoch.ShouldBe(42);
        batch[RecordBatchLayout.Magic..].ShouldBe(covered);
        RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.None);
    }

    [Fact]
    public void Append_time_replaces_every_timestamp()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.Lz4, records: 100);

        RecordBatchStamp.SetLogAppendTime(batch, 123_456);

        new RecordBatchView(batch).IsLogAppendTime.ShouldBeTrue();
        new RecordBatchView(batch).Codec.ShouldBe(CompressionCodec.Lz4);
        RecordBatchValidator.Validate(batch, RecordBatchOrigin.Log).ShouldBe(RecordBatchError.None);
        using var reader = new RecordBatchReader();
        int read = 0;
        foreach (ref readonly var record in reader.Open(batch))
        {
            record.Timestamp.ShouldBe(123_456);
            read++;
        }

        read.ShouldBe(100);
    }

    [Fact]
    public void A_producer_is_stamped_with_its_crc()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 3);
        RecordBatchStamp.SetProducer(batch, 7, 8, int.MaxValue - 1);
        RecordBatchValidator.Validate(batch).ShouldBe(RecordBatchError.None);
        var view = new RecordBatchView(batch);
        (view.ProducerId, view.ProducerEpoch, view.BaseSequence).ShouldBe((7L, (short)8, int.MaxValue - 1));
        view.LastSequence.ShouldBe(0, "sequences wrap");
    }

    [Fact]
    public void Less_than_a_header_is_refused()
    {
        Should.Throw<RecordFormatException>(() => RecordBatchStamp.SetOffset(new byte[60], 1, 1)).Error.ShouldBe(RecordBatchError.Truncated);
        Should.Throw<RecordFormatException>(() => _ = new RecordBatchView(new byte[60]).Magic).Error.ShouldBe(RecordBatchError.Truncated);
    }
}
