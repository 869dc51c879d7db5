using System.Buffers.Binary;
using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

/// <summary>
/// No input makes the library throw anything but its own error, read outside the bytes or go past its limits. Every input ends at an
/// unreadable page; the CRC is made good, so that damage reaches the code behind it.
/// </summary>
public sealed class RecordFuzzTests : IDisposable
{
    private const int LimitBytes = 256 * 1024;
    private readonly GuardedBytes _guarded = new(64 * 1024);
    private readonly RecordBatchReader _reader = new(LimitBytes);

    public static TheoryData<CompressionCodec> Codecs => [.. Enum.GetValues<CompressionCodec>()];

    public void Dispose()
    {
        _guarded.Dispose();
        _reader.Dispose();
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Damaged_batches_give_errors_and_nothing_else(CompressionCodec codec)
    {
        var random = new Random(10 + (int)codec);
        byte[] valid = Counted(RecordBatchValidatorTests.BatchAround(codec, Payload(codec, random)), 40);
        int refused = 0;
        for (int round = 0; round < 5_000; round++)
        {
            byte[] damaged = valid.ToArray();
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                int at = random.Next(RecordBatchLayout.Attributes + 2, damaged.Length);
                damaged[at] = random.Next(4) == 0 ? (byte)random.Next(256) : (byte)(damaged[at] ^ (1 << random.Next(8)));
            }

            refused += Survives(damaged) ? 0 : 1;
        }

        refused.ShouldBeGreaterThan(1_000);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Payloads_cut_at_every_length_are_refused(CompressionCodec codec)
    {
        byte[] payload = Payload(codec, new Random(3));
        Survives(Counted(RecordBatchValidatorTests.BatchAround(codec, payload), 40)).ShouldBeTrue();
        for (int length = 0; length < payload.Length; length++)
        {
            Survives(Counted(RecordBatchValidatorTests.BatchAround(codec, payload.AsSpan(0, length)), 40)).ShouldBeFalse($"length {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Random_payloads_give_errors_and_nothing_else(CompressionCodec codec)
    {
        var random = new Random(20 + (int)codec);
        byte[] start = Payload(codec, random);
        for (int round = 0; round < 4_000; round++)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);

            // Half of them begin as the codec expects, or nothing but the first check would be tried.
            byte[] payload = round % 2 == 0 ? noise : [.. start.AsSpan(0, random.Next(4, 24)), .. noise];
            Survives(RecordBatchValidatorTests.BatchAround(codec, payload));
        }
    }

    [Fact]
    public void Random_bytes_are_walked_without_harm()
    {
        var random = new Random(30);
        byte[] valid = Convert.FromHexString(GoldenBatches.Uncompressed);
        for (int round = 0; round < 5_000; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            byte[] input = round % 2 == 0 ? bytes : [.. valid, .. valid.AsSpan(0, random.Next(valid.Length)), .. bytes];
            var walker = new RecordBatchWalker(_guarded.Copy(input));
            int found = 0;
            while (walker.Read())
            {
                found++;
                walker.Current.Bytes.Length.ShouldBe((int)walker.Current.SizeBytes);
            }

            found.ShouldBeGreaterThanOrEqualTo(round % 2);
            (walker.NextPosition == input.Length).ShouldBe(walker.Error == RecordBatchError.None);
            RecordBatchValidator.Validate(_guarded.Copy(bytes)).ShouldNotBe(RecordBatchError.None);
        }
    }

    private static byte[] Payload(CompressionCodec codec, Random random)
    {
        using var builder = new RecordBatchBuilder();
        var value = new byte[20];
        for (int i = 0; i < 40; i++)
        {
            random.NextBytes(value);
            builder.Add(1_000 + i, i % 3 == 0 ? null : value.AsSpan(0, i % 7).ToArray(), value, [new RecordHeader("header", value)]);
        }

        ReadOnlySpan<byte> records = builder.Build(RecordBatchOptions.Default).Span[RecordBatchLayout.Records..];
        return codec == CompressionCodec.None ? records.ToArray() : RecordBatchValidatorTests.Compress(codec, records);
    }

    private static byte[] Counted(byte[] batch, int records)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.RecordCount), records);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.LastOffsetDelta), records - 1);
        return batch;
    }

    private bool Survives(byte[] batch)
    {
        RecordBatchStamp.UpdateCrc(batch);
        Span<byte> guarded = _guarded.Copy(batch);
        RecordBatchError error = RecordBatchValidator.ValidateRecords(guarded, RecordBatchOrigin.Producer, _reader, out RecordBatchContent content);
        RecordBatchValidator.ValidateRecords(guarded, RecordBatchOrigin.Log, _reader, out _);
        content.PayloadBytes.ShouldBeLessThanOrEqualTo(LimitBytes);
        try
        {
            ReadAll(_reader.Open(guarded));
        }
        catch (RecordFormatException e)
        {
            e.Error.ShouldNotBe(RecordBatchError.None);
        }

        return error == RecordBatchError.None;
    }

    // Touches every byte that a record shows.
    private static void ReadAll(RecordReader records)
    {
        uint sum = 0;
        foreach (ref readonly var record in records)
        {
            sum ^= Crc32C.Compute(record.Key.Span) ^ Crc32C.Compute(record.Value.Span);
            foreach (RecordHeaderView header in record.Headers)
            {
                sum ^= Crc32C.Compute(header.Key) ^ Crc32C.Compute(header.Value.Span);
            }
        }

        GC.KeepAlive(sum);
    }
}
