using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using StreamHouse.Records;

namespace StreamHouse.Benchmarks.Records;

/// <summary>Compressing and decompressing a batch of 1000 JSON-like records of some 100 bytes; times are per record.</summary>
public class CodecBenchmarks : IDisposable
{
    private const int Records = 1000;

    private readonly RecordBatchBuilder _builder = new(initialBytes: 256 * 1024);
    private readonly RecordBatchReader _reader = new();
    private RecordBatchOptions _options = RecordBatchOptions.Default;
    private byte[] _batch = [];

    [Params(CompressionCodec.Gzip, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd)]
    public CompressionCodec Codec { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        for (int i = 0; i < Records; i++)
        {
            string value = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"order":{{random.Next()}},"customer":"c-{{random.Next(1000)}}","amount":{{random.Next(10_000)}},"state":"paid","at":{{1_700_000_000 + i}}}""");
            _builder.Add(1_700_000_000_000 + i, OptionalBytes.Null, Encoding.UTF8.GetBytes(value));
        }

        _options = new RecordBatchOptions { Codec = Codec };
        _batch = _builder.Build(_options).ToArray();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _builder.Dispose();
        _reader.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public Memory<byte> Compress() => _builder.Build(_options);

    [Benchmark(OperationsPerInvoke = Records)]
    public RecordBatchError CheckRecords() => RecordBatchValidator.CheckRecords(_batch, RecordBatchOrigin.Producer, _reader, out _);
}
