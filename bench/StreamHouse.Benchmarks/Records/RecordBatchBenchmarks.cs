using BenchmarkDotNet.Attributes;
using StreamHouse.Records;

namespace StreamHouse.Benchmarks.Records;

/// <summary>Building, checking and reading a batch of 100-byte records without keys; times and allocations are per record.</summary>
public class RecordBatchBenchmarks : IDisposable
{
    private const int Records = 1000;

    private readonly byte[] _value = new byte[100];
    private readonly RecordBatchBuilder _builder = new(initialBytes: 256 * 1024);
    private readonly RecordBatchReader _reader = new();
    private byte[] _batch = [];

    [GlobalSetup]
    public void Setup()
    {
        new Random(1).NextBytes(_value);
        _batch = Build().ToArray();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _builder.Dispose();
        _reader.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Add()
    {
        AddAll();
        return _builder.SizeBytes;
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public Memory<byte> Build()
    {
        AddAll();
        return _builder.Build(RecordBatchOptions.Default);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public RecordBatchError Validate() => RecordBatchValidator.Validate(_batch);

    [Benchmark(OperationsPerInvoke = Records)]
    public RecordBatchError CheckRecords() => RecordBatchValidator.CheckRecords(_batch, RecordBatchOrigin.Producer, _reader, out _);

    [Benchmark(OperationsPerInvoke = Records)]
    public long Read()
    {
        long sum = 0;
        RecordReader records = _reader.Open(_batch);
        while (records.MoveNext())
        {
            ref readonly Record record = ref records.Current;
            sum += record.Offset + record.Value.Span.Length;
        }

        return sum;
    }

    private void AddAll()
    {
        _builder.Reset();
        for (int i = 0; i < Records; i++)
        {
            _builder.Add(1_700_000_000_000 + i, OptionalBytes.Null, _value);
        }
    }
}
