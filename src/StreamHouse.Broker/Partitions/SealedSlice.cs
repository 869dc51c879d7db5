using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Producers;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// A range of a partition's tail on its way into an object. Its bounds never change, however often the upload is tried.
/// It holds a reference to each batch's buffer until <see cref="Release"/>.
/// </summary>
internal sealed class SealedSlice(
    PartitionWriter partition, long epoch, long baseOffset, long endOffset, long logStartOffset,
    IReadOnlyList<BufferSlice> batches, long bytes, ProducerSnapshot producers)
{
    private bool _released;

    public PartitionWriter Partition => partition;

    /// <summary>The lease epoch to commit under.</summary>
    public long Epoch => epoch;

    public long BaseOffset => baseOffset;

    /// <summary>Offset after the last.</summary>
    public long EndOffset => endOffset;

    public long LogStartOffset => logStartOffset;

    public IReadOnlyList<BufferSlice> Batches => batches;

    public long Bytes => bytes;

    /// <summary>Producer state as of exactly <see cref="EndOffset"/>.</summary>
    public ProducerSnapshot Producers => producers;

    public void Release()
    {
        if (_released)
        {
            return;
        }
        _released = true;
        foreach (BufferSlice batch in batches)
        {
            batch.Owner.Release();
        }
    }
}
