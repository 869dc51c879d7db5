using System.ComponentModel.DataAnnotations;
using System.Numerics;

namespace StreamHouse.Broker.Segments;

/// <summary>Limits of the segment cache.</summary>
public sealed record SegmentCacheOptions
{
    /// <summary>Memory for blocks of objects, in bytes; at least 4 × <see cref="BlockBytes"/>.</summary>
    [Range(typeof(long), "262144", "68719476736")]
    public long BytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Size of a block, the unit of reading, in bytes: a power of two from 64 KiB to 16 MiB.</summary>
    [Range(64 * 1024, 16 * 1024 * 1024)]
    public int BlockBytes { get; init; } = 1024 * 1024;

    /// <summary>Blocks read ahead of a sequential reader; 0 to 64, and never more than a quarter of the cache.</summary>
    [Range(0, 64)]
    public int ReadAheadBlocks { get; init; } = 4;

    /// <summary>Blocks read at the same time; 1 to 256, and never more than half of the cache.</summary>
    [Range(1, 256)]
    public int LoadsInFlightMax { get; init; } = 16;

    /// <summary>Memory for tables of objects, in bytes; at least 1 MiB. One table that is larger is kept until the next is needed.</summary>
    [Range(typeof(long), "1048576", "17179869184")]
    public long TableBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>What is out of range, one sentence each; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (BlockBytes is < 64 * 1024 or > 16 * 1024 * 1024 || !BitOperations.IsPow2(BlockBytes))
        {
            problems.Add($"{nameof(BlockBytes)} is {BlockBytes}; it must be a power of two from 65536 to 16777216.");
        }
        if (BytesMax < 4L * BlockBytes)
        {
            problems.Add($"{nameof(BytesMax)} is {BytesMax}; it must be at least four blocks ({4L * BlockBytes}).");
        }
        if (ReadAheadBlocks is < 0 or > 64)
        {
            problems.Add($"{nameof(ReadAheadBlocks)} is {ReadAheadBlocks}; it must be from 0 to 64.");
        }
        if (LoadsInFlightMax is < 1 or > 256)
        {
            problems.Add($"{nameof(LoadsInFlightMax)} is {LoadsInFlightMax}; it must be from 1 to 256.");
        }
        if (TableBytesMax < 1024 * 1024)
        {
            problems.Add($"{nameof(TableBytesMax)} is {TableBytesMax}; it must be at least 1048576.");
        }
        return problems;
    }
}
