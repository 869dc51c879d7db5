using System.Buffers.Binary;
using System.Collections;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Records;

namespace StreamHouse.Server.Grpc.Consuming;

/// <summary>What was read from a partition, as the message writers take it; nothing is copied.</summary>
internal sealed class FetchedSlices(IReadOnlyList<BufferSlice> slices) : IReadOnlyList<ReadOnlyMemory<byte>>
{
    private const int HeadBytes = RecordBatchLayout.LastOffsetDelta + sizeof(int);

    /// <inheritdoc/>
    public int Count => slices.Count;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> this[int index] => slices[index].Memory;

    /// <inheritdoc/>
    public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator()
    {
        foreach (BufferSlice slice in slices)
        {
            yield return slice.Memory;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The offset after the last record, found by stepping over batch headers, which may cross the borders of slices.</summary>
    /// <param name="fetch">What was read.</param>
    /// <param name="offset">The offset asked for, returned when nothing was read.</param>
    public static long NextOffset(PartitionFetch fetch, long offset)
    {
        IReadOnlyList<BufferSlice> slices = fetch.Slices;
        Span<byte> joined = stackalloc byte[HeadBytes];
        long next = offset;
        int slice = 0;
        long at = 0;
        for (long left = fetch.Bytes; left >= HeadBytes;)
        {
            while (at >= slices[slice].Length)
            {
                at -= slices[slice++].Length;
            }
            ReadOnlySpan<byte> head = Head(slices, slice, (int)at, joined);
            long size = RecordBatchLayout.LengthPrefixBytes + (long)BinaryPrimitives.ReadInt32BigEndian(head[RecordBatchLayout.BatchLength..]);
            if (size < RecordBatchLayout.Records)
            {
                throw new InvalidDataException($"The broker handed out a batch of {size} bytes.");
            }
            next = BinaryPrimitives.ReadInt64BigEndian(head) + BinaryPrimitives.ReadInt32BigEndian(head[RecordBatchLayout.LastOffsetDelta..]) + 1;
            at += size;
            left -= size;
        }
        return next;
    }

    private static ReadOnlySpan<byte> Head(IReadOnlyList<BufferSlice> slices, int slice, int at, Span<byte> joined)
    {
        ReadOnlySpan<byte> first = slices[slice].Span[at..];
        if (first.Length >= HeadBytes)
        {
            return first;
        }
        int filled = 0;
        for (; filled < HeadBytes; slice++, at = 0)
        {
            ReadOnlySpan<byte> part = slices[slice].Span[at..];
            part = part[..Math.Min(part.Length, HeadBytes - filled)];
            part.CopyTo(joined[filled..]);
            filled += part.Length;
        }
        return joined;
    }
}
