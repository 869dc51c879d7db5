using FsCheck;
using FsCheck.Fluent;
using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class RecordRoundTripTests
{
    private sealed record Sample(long Timestamp, byte[]? Key, byte[]? Value, RecordHeader[] Headers);

    public static TheoryData<CompressionCodec> Codecs => [.. Enum.GetValues<CompressionCodec>()];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Any_records_come_back_as_they_were(CompressionCodec codec)
    {
        using var builder = new RecordBatchBuilder(initialBytes: 0);
        using var reader = new RecordBatchReader();
        Prop.ForAll(Samples().ToArbitrary(), samples => RoundTrips(builder, reader, codec, samples))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static void RoundTrips(RecordBatchBuilder builder, RecordBatchReader reader, CompressionCodec codec, List<Sample> samples)
    {
        builder.Reset();
        foreach (Sample sample in samples)
        {
            long announced = builder.SizeBytesWith(sample.Timestamp, sample.Key, sample.Value, sample.Headers);
            builder.TryAdd(sample.Timestamp, sample.Key, sample.Value, sample.Headers, (int)announced - 1).ShouldBeFalse();
            builder.TryAdd(sample.Timestamp, sample.Key, sample.Value, sample.Headers, (int)announced).ShouldBeTrue();
            ((long)builder.SizeBytes).ShouldBe(announced);
        }

        Span<byte> batch = builder.Build(new RecordBatchOptions { Codec = codec, BaseOffset = 1L << 40 }).Span;
        batch.Length.ShouldBeLessThanOrEqualTo(builder.SizeBytes);
        if (codec == CompressionCodec.None)
        {
            batch.Length.ShouldBe(builder.SizeBytes);
        }

        RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out RecordBatchContent content).ShouldBe(RecordBatchError.None);
        content.MaxTimestamp.ShouldBe(samples.Max(s => s.Timestamp));
        content.KeylessRecords.ShouldBe(samples.Count(s => s.Key is null));
        int at = 0;
        foreach (ref readonly var record in reader.Open(batch))
        {
            Sample sample = samples[at];
            record.Offset.ShouldBe((1L << 40) + at++);
            record.Timestamp.ShouldBe(sample.Timestamp);
            Same(record.Key, sample.Key).ShouldBeTrue();
            Same(record.Value, sample.Value).ShouldBeTrue();
            record.HeaderCount.ShouldBe(sample.Headers.Length);
            int header = 0;
            foreach (RecordHeaderView view in record.Headers)
            {
                view.KeyText.ShouldBe(sample.Headers[header].Key);
                view.Value.ToArray().ShouldBe(sample.Headers[header++].Value?.ToArray());
            }

            header.ShouldBe(sample.Headers.Length);
        }

        at.ShouldBe(samples.Count);
    }

    private static bool Same(OptionalBytes actual, byte[]? expected) =>
        actual.IsNull == expected is null && actual.Span.SequenceEqual(expected);

    private static Gen<List<Sample>> Samples()
    {
        // Long runs make matches for the compressors; the lengths cross the sizes of varints, of literals and of Snappy's copies.
        Gen<byte[]?> bytes = Gen.Frequency(
            (1, Gen.Constant<byte[]?>(null)),
            (1, Gen.Constant<byte[]?>([])),
            (4, from length in Gen.Choose(1, 300) from seed in Gen.Choose(0, int.MaxValue) select Noise(seed, length)),
            (4, from length in Gen.Choose(1, 300) from b in Gen.Choose(0, 255) select Enumerable.Repeat((byte)b, length).ToArray()),
            (1, from length in Gen.Choose(30_000, 140_000) from seed in Gen.Choose(0, 3) select Noise(seed, length)));
        Gen<RecordHeader> header =
            from key in Gen.Elements("", "a", "trace-id", "ключ", new string('x', 200))
            from value in bytes.Where(b => b is null or { Length: < 1000 })
            select new RecordHeader(key, value is null ? null : (ReadOnlyMemory<byte>?)value);
        Gen<long> timestamp = Gen.OneOf(
            Gen.Choose(-1, 1_000).Select(t => (long)t),
            Gen.Choose(0, int.MaxValue).Select(t => 1_700_000_000_000L + t),
            Gen.Elements(0L, long.MaxValue, long.MinValue));
        Gen<Sample> sample =
            from at in timestamp
            from key in bytes
            from value in bytes
            from headers in Gen.Frequency((3, Gen.Constant(Array.Empty<RecordHeader>())), (1, header.ArrayOf(3)))
            select new Sample(at, key, value, headers);
        return from count in Gen.Choose(1, 8) from list in sample.ListOf(count) select list.ToList();
    }

    private static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
