using BenchmarkDotNet.Attributes;
using StreamHouse.Records;

namespace StreamHouse.Benchmarks.Records;

/// <summary>CRC-32C of a small record, a large one, and a batch.</summary>
public class Crc32CBenchmarks
{
    private byte[] _data = [];

    /// <summary>Input size in bytes.</summary>
    [Params(100, 1024, 64 * 1024)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _data = new byte[Bytes];
        new Random(1).NextBytes(_data);
    }

    [Benchmark]
    public uint Compute() => Crc32C.Compute(_data);
}
