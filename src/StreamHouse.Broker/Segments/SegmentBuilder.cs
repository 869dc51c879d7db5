using System.Runtime.InteropServices;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Producers;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// Builds one segment object. Batch bytes are read once (checksum, headers) and never copied. Not for concurrent use; one object per builder.
/// </summary>
public sealed class SegmentBuilder
{
    private readonly SegmentHeader _header;
    private readonly List<ReadOnlyMemory<byte>> _content = [];
    private readonly List<SegmentIndexEntry> _index = [];
    private readonly List<SegmentSlice> _slices = [];
    private readonly List<ProducerSnapshot> _snapshots = [];
    private readonly HashSet<TopicPartition> _partitions = [];
    private long _position = SegmentLayout.HeaderBytes;
    private bool _built;

    /// <param name="objectId">A fresh id: never used for another upload.</param>
    /// <param name="clusterId">The cluster the object belongs to.</param>
    /// <param name="incarnation">The writing process.</param>
    /// <param name="created">Now, by the writer's clock.</param>
    public SegmentBuilder(Guid objectId, Guid clusterId, Guid incarnation, DateTimeOffset created)
    {
        _header = new SegmentHeader(objectId, clusterId, incarnation, created);
        byte[] header = new byte[SegmentLayout.HeaderBytes];
        _header.Write(header);
        _content.Add(header);
    }

    /// <summary>Slices added so far.</summary>
    public int SliceCount => _slices.Count;

    /// <summary>Bytes of the header and the slices added so far.</summary>
    public long Bytes => _position;

    /// <summary>Adds one partition's batches.</summary>
    /// <exception cref="ArgumentException">
    /// The partition has a slice already, or the batches are not whole, leave a gap or do not run from base to end offset: writing them would lose data.
    /// </exception>
    public void AddSlice(SliceInput slice)
    {
        ArgumentNullException.ThrowIfNull(slice);
        ObjectDisposedException.ThrowIf(_built, this);
        if (!_partitions.Add(slice.Partition))
        {
            throw new ArgumentException($"Partition {slice.Partition} has a slice in this object already.", nameof(slice));
        }
        var scan = new SliceScan(slice, _index);
        int pieces = _content.Count;
        foreach (BufferSlice batches in slice.Batches)
        {
            scan.Read(batches.Span);
            AddPiece(batches.Memory, pieces);
        }
        _slices.Add(scan.Finish(_position));
        _snapshots.Add(slice.Producers);
        _position += scan.Length;
    }

    /// <summary>Finishes the object. The builder cannot be used afterwards.</summary>
    /// <exception cref="InvalidOperationException">No slice was added.</exception>
    public SegmentObject Build()
    {
        ObjectDisposedException.ThrowIf(_built, this);
        if (_slices.Count == 0)
        {
            throw new InvalidOperationException("A segment has at least one slice.");
        }
        _built = true;
        byte[] trailer = BuildTrailer();
        _content.Add(trailer);
        SegmentSlice first = _slices[0];
        string key = _slices.Count == 1
            ? SegmentKeys.Single(_header.ClusterId, first.Partition, first.BaseOffset, _header.ObjectId)
            : SegmentKeys.Mixed(_header.ClusterId, _header.Created, _header.ObjectId);
        return new SegmentObject(_header.ObjectId, key, _content, _position + trailer.Length, _slices);
    }

    // Batches of a slab often lie side by side: one piece for all of them. Pieces of different slices stay apart.
    private void AddPiece(ReadOnlyMemory<byte> piece, int firstOfSlice)
    {
        if (_content.Count > firstOfSlice
            && MemoryMarshal.TryGetArray(_content[^1], out ArraySegment<byte> last)
            && MemoryMarshal.TryGetArray(piece, out ArraySegment<byte> next)
            && ReferenceEquals(last.Array, next.Array)
            && last.Offset + last.Count == next.Offset)
        {
            _content[^1] = new ReadOnlyMemory<byte>(last.Array, last.Offset, last.Count + next.Count);
            return;
        }
        _content.Add(piece);
    }

    private byte[] BuildTrailer()
    {
        int indexBytes = checked(_index.Count * SegmentLayout.IndexEntryBytes);
        int snapshotBytes = 0;
        foreach (ProducerSnapshot snapshot in _snapshots)
        {
            snapshotBytes = checked(snapshotBytes + snapshot.EncodedBytes);
        }
        int tableAt = checked(indexBytes + snapshotBytes);
        int tableBytes = SegmentTable.EncodedBytes(_slices);
        byte[] trailer = new byte[checked(tableAt + tableBytes + SegmentLayout.FooterBytes)];
        WriteIndexesAndSnapshots(trailer, indexBytes);
        Span<byte> table = trailer.AsSpan(tableAt, tableBytes);
        SegmentTable.Write(table, _header.ObjectId, _slices);
        new SegmentFooter(_position + tableAt, tableBytes, Crc32C.Compute(table)).Write(trailer.AsSpan(tableAt + tableBytes));
        return trailer;
    }

    private void WriteIndexesAndSnapshots(byte[] trailer, int indexBytes)
    {
        int indexAt = 0;
        int entryAt = 0;
        int snapshotAt = indexBytes;
        for (int i = 0; i < _slices.Count; i++)
        {
            SegmentSlice slice = _slices[i];
            Span<byte> index = trailer.AsSpan(indexAt, slice.IndexEntries * SegmentLayout.IndexEntryBytes);
            for (int at = 0; at < index.Length; at += SegmentLayout.IndexEntryBytes)
            {
                _index[entryAt++].Write(index[at..]);
            }
            ProducerSnapshot producers = _snapshots[i];
            Span<byte> snapshot = trailer.AsSpan(snapshotAt, producers.EncodedBytes);
            producers.Encode(snapshot);
            _slices[i] = slice with
            {
                IndexPosition = _position + indexAt,
                IndexCrc = Crc32C.Compute(index),
                SnapshotPosition = _position + snapshotAt,
                SnapshotLength = snapshot.Length,
                SnapshotCrc = Crc32C.Compute(snapshot),
            };
            indexAt += index.Length;
            snapshotAt += snapshot.Length;
        }
    }
}
