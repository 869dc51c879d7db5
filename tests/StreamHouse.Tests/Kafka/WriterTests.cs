using StreamHouse.Kafka;

namespace StreamHouse.Tests.Kafka;

public sealed class WriterTests
{
    [Theory]
    [InlineData(0u, 1)]
    [InlineData(127u, 1)]
    [InlineData(128u, 2)]
    [InlineData(16_383u, 2)]
    [InlineData(16_384u, 3)]
    [InlineData(2_097_151u, 3)]
    [InlineData(2_097_152u, 4)]
    [InlineData(268_435_455u, 4)]
    [InlineData(268_435_456u, 5)]
    [InlineData(uint.MaxValue, 5)]
    public void Varint_takes_the_bytes_it_needs_and_reads_back(uint value, int bytes)
    {
        using KafkaBuffer buffer = new(0);
        new KafkaWriter(buffer).WriteUnsignedVarint(value);

        buffer.Length.ShouldBe(bytes);
        KafkaWriter.UnsignedVarintBytes(value).ShouldBe(bytes);
        KafkaReader reader = new(buffer.WrittenSpan);
        reader.ReadUnsignedVarint().ShouldBe(value);
    }

    [Theory]
    [InlineData("808080808001")]
    [InlineData("FFFFFFFF10")]
    [InlineData("FFFFFFFF7F")]
    public void Varint_of_more_than_32_bits_is_refused(string hex) => Should.Throw<KafkaFormatException>(() =>
    {
        KafkaReader reader = new(Convert.FromHexString(hex));
        reader.ReadUnsignedVarint();
    });

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(20_000)]
    public void Tagged_field_gets_its_size_whatever_its_length(int bytes)
    {
        using KafkaBuffer buffer = new(0);
        KafkaWriter writer = new(buffer);
        byte[] value = [.. Enumerable.Range(0, bytes).Select(i => (byte)i)];

        int start = writer.BeginTaggedField(300);
        writer.WriteRaw(value);
        writer.EndTaggedField(start);
        writer.WriteInt8(7);

        KafkaReader reader = new(buffer.WrittenSpan);
        KafkaReader field = reader.ReadTaggedField(out uint tag);
        tag.ShouldBe(300u);
        field.Take(bytes).ToArray().ShouldBe(value);
        field.Remaining.ShouldBe(0);
        reader.ReadInt8().ShouldBe((sbyte)7);
        reader.Remaining.ShouldBe(0);
    }

    [Fact]
    public void String_too_long_for_its_version_is_refused_and_fits_a_flexible_one()
    {
        using KafkaBuffer buffer = new();
        string text = new('x', short.MaxValue + 1);

        Should.Throw<ArgumentOutOfRangeException>(() => new KafkaWriter(buffer).WriteString(text, flexible: false));
        buffer.Clear();
        new KafkaWriter(buffer).WriteString(text, flexible: true);

        KafkaReader reader = new(buffer.WrittenSpan);
        reader.ReadString(flexible: true).ShouldBe(text);
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_replaced()
    {
        KafkaReader reader = new([0, 2, 0xC3, 0x28]);

        reader.ReadString(flexible: false).ShouldBe("\uFFFD(");
    }

    [Fact]
    public void Buffer_keeps_what_was_written_while_it_grows_and_may_be_disposed_twice()
    {
        KafkaBuffer buffer = new(1);
        for (int i = 0; i < 100_000; i++)
        {
            new KafkaWriter(buffer).WriteInt32(i);
        }

        KafkaReader reader = new(buffer.WrittenSpan);
        for (int i = 0; i < 100_000; i++)
        {
            reader.ReadInt32().ShouldBe(i);
        }

        buffer.Dispose();
        buffer.Dispose();
        buffer.Length.ShouldBe(0);
    }
}
