using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class RecordAllocationTests
{
    [Fact]
    public void Building_checking_and_reading_allocate_nothing_once_warm()
    {
        using var builder = new RecordBatchBuilder(initialBytes: 64 * 1024);
        using var reader = new RecordBatchReader();
        var key = new byte[10];
        var value = new byte[100];
        RecordHeader[] headers = [new RecordHeader("name", value)];
        foreach (CompressionCodec codec in new[] { CompressionCodec.None, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd })
        {
            var options = new RecordBatchOptions { Codec = codec };
            RoundTrip(builder, reader, options, key, value, headers);
            long before = GC.GetAllocatedBytesForCurrentThread();

            int headersRead = RoundTrip(builder, reader, options, key, value, headers);

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            headersRead.ShouldBe(200);
            allocated.ShouldBeLessThan(200, codec.ToString());
        }
    }

    private static int RoundTrip(
        RecordBatchBuilder builder, RecordBatchReader reader, RecordBatchOptions options, byte[] key, byte[] value, RecordHeader[] headers)
    {
        builder.Reset();
        for (int i = 0; i < 200; i++)
        {
            builder.Add(i, key, value, headers);
        }

        ReadOnlySpan<byte> batch = builder.Build(options).Span;
        int headersRead = 0;
        if (RecordBatchValidator.ValidateRecords(batch, RecordBatchOrigin.Producer, reader, out _) == RecordBatchError.None)
        {
            foreach (ref readonly var record in reader.Open(batch))
            {
                foreach (RecordHeaderView header in record.Headers)
                {
                    headersRead += header.Value.Span.Length == value.Length ? 1 : 0;
                }
            }
        }

        return headersRead;
    }
}
