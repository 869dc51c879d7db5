using System.Buffers;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Http.Consume;

/// <summary>A partition's fetched batches in one piece: copied only when the broker's pieces are several.</summary>
internal readonly struct FetchedBytes : IDisposable
{
    private readonly byte[]? _rented;

    public FetchedBytes(PartitionFetch fetch)
    {
        if (fetch.Slices.Count == 1)
        {
            Memory = fetch.Slices[0].Memory;
            return;
        }
        _rented = ArrayPool<byte>.Shared.Rent(fetch.Bytes);
        int at = 0;
        foreach (BufferSlice slice in fetch.Slices)
        {
            slice.Span.CopyTo(_rented.AsSpan(at));
            at += slice.Length;
        }
        Memory = _rented.AsMemory(0, at);
    }

    public ReadOnlyMemory<byte> Memory { get; }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
