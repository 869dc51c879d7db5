using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

/// <summary>Single records by hand: length, attributes, timestamp delta, offset delta, key, value, headers; numbers in zig-zag varints.</summary>
public sealed class RecordReaderTests
{
    [Theory]
    [InlineData("0c" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.None)] // null key, null value
    [InlineData("10" + "00" + "00" + "00" + "02" + "61" + "02" + "62" + "00", RecordBatchError.None)] // a = b
    [InlineData("0c" + "ff" + "00" + "00" + "01" + "01" + "00", RecordBatchError.None)] // unknown record attributes mean nothing
    [InlineData("8c00" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.None)] // a length in more bytes than it needs
    [InlineData("14" + "00" + "00" + "00" + "01" + "01" + "02" + "02" + "68" + "01" + "", RecordBatchError.MalformedRecord)] // one byte missing
    [InlineData("12" + "00" + "00" + "00" + "01" + "01" + "02" + "02" + "68" + "01", RecordBatchError.None)] // header h = null
    [InlineData("12" + "00" + "00" + "00" + "01" + "01" + "02" + "02" + "68" + "00", RecordBatchError.None)] // header h = empty
    [InlineData("10" + "00" + "00" + "00" + "01" + "01" + "02" + "01" + "01", RecordBatchError.MalformedRecord)] // a header's key cannot be null
    [InlineData("12" + "00" + "00" + "00" + "01" + "01" + "02" + "02" + "68" + "03", RecordBatchError.MalformedRecord)] // value length -2
    [InlineData("12" + "00" + "00" + "00" + "01" + "01" + "04" + "02" + "68" + "01", RecordBatchError.MalformedRecord)] // two headers announced
    [InlineData("14" + "00" + "00" + "00" + "01" + "01" + "02" + "02" + "68" + "01" + "00", RecordBatchError.MalformedRecord)] // bytes behind
    [InlineData("0e" + "00" + "00" + "00" + "01" + "01" + "00" + "00", RecordBatchError.MalformedRecord)] // bytes behind, without headers
    [InlineData("0c" + "00" + "00" + "00" + "01" + "01" + "01", RecordBatchError.MalformedRecord)] // -1 headers
    [InlineData("0c" + "00" + "00" + "00" + "03" + "01" + "00", RecordBatchError.MalformedRecord)] // key length -2
    [InlineData("0c" + "00" + "00" + "00" + "06" + "01" + "00", RecordBatchError.MalformedRecord)] // key beyond the record
    [InlineData("00" + "000000000000", RecordBatchError.MalformedRecord)] // no body
    [InlineData("01" + "000000000000", RecordBatchError.MalformedRecord)] // length -1
    [InlineData("0e" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.MalformedRecord)] // longer than the payload
    [InlineData("feffffff0f" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.MalformedRecord)] // length 2^31-1
    [InlineData("feffffff1f" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.MalformedRecord)] // 33 bits
    [InlineData("ffffffffff01" + "00" + "00" + "00" + "01" + "01" + "00", RecordBatchError.MalformedRecord)] // six bytes
    [InlineData("1e" + "00" + "ffffffffffffffffff01" + "00" + "01" + "01" + "00", RecordBatchError.None)] // the least timestamp delta
    [InlineData("1e" + "00" + "ffffffffffffffffff02" + "00" + "01" + "01" + "00", RecordBatchError.MalformedRecord)] // 65 bits
    public void A_record_is_read_or_refused(string hex, RecordBatchError expected)
    {
        byte[] batch = RecordBatchValidatorTests.BatchAround(CompressionCodec.None, Convert.FromHexString(hex));
        using var reader = new RecordBatchReader();

        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out _).ShouldBe(expected);

        RecordReader records = reader.Open(batch);
        records.Read().ShouldBe(expected == RecordBatchError.None);
        records.Read().ShouldBeFalse();
        records.Error.ShouldBe(expected);
    }

    [Fact]
    public void Null_and_empty_are_told_apart()
    {
        using var builder = new RecordBatchBuilder();
        using var reader = new RecordBatchReader();
        builder.Add(0, (byte[]?)null, Array.Empty<byte>());
        builder.Add(0, ReadOnlyMemory<byte>.Empty, (ReadOnlyMemory<byte>?)null);
        builder.Add(0, ReadOnlySpan<byte>.Empty, default);
        var seen = new List<(bool Key, bool Value)>();
        foreach (ref readonly var record in reader.Open(builder.Build(RecordBatchOptions.Default).Span))
        {
            record.Key.IsNull.ShouldBe(record.IsKeyNull);
            record.Value.IsNull.ShouldBe(record.IsValueNull);
            seen.Add((record.IsKeyNull, record.IsValueNull));
        }

        seen.ShouldBe([(true, false), (false, true), (false, true)]);
    }

    [Fact]
    public void A_loop_over_a_malformed_record_throws_after_the_good_ones()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 3);
        batch[^1] = 2; // the last record's header count
        using var reader = new RecordBatchReader();
        int read = 0;

        Should.Throw<RecordFormatException>(() =>
        {
            foreach (ref readonly var record in reader.Open(batch))
            {
                read += record.HeaderCount == 0 ? 1 : 0;
            }
        }).Error.ShouldBe(RecordBatchError.MalformedRecord);
        read.ShouldBe(2);
    }

    [Fact]
    public void Numbers_take_as_many_bytes_as_announced()
    {
        var output = new byte[10];
        for (int bit = 0; bit < 64; bit++)
        {
            foreach (long value in new[] { 1L << bit, (1L << bit) - 1, -(1L << bit), ~(1L << bit) })
            {
                int written = 0;
                Varint.Write(output, ref written, value);
                written.ShouldBe(Varint.Size(value), value.ToString());
                int read = 0;
                Varint.TryRead(output.AsSpan(0, written), ref read, out long back).ShouldBeTrue();
                (back, read).ShouldBe((value, written));
                for (int cut = 0, at = 0; cut < written; cut++)
                {
                    Varint.TryRead(output.AsSpan(0, cut), ref at, out long _).ShouldBeFalse();
                }

                if ((int)value == value)
                {
                    Varint.Size((int)value).ShouldBe(written);
                    read = 0;
                    Varint.TryRead(output.AsSpan(0, written), ref read, out int narrow).ShouldBeTrue();
                    narrow.ShouldBe((int)value);
                }
            }
        }
    }
}
