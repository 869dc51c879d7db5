using System.Buffers.Binary;
using System.Text;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Segments;

/// <summary>Appends table entries to a span that is known to be long enough.</summary>
internal ref struct SegmentTableWriter(Span<byte> destination)
{
    private Span<byte> _left = destination;

    public void Write(SegmentSlice slice)
    {
        slice.Partition.Topic.Value.TryWriteBytes(_left, bigEndian: true, out _);
        int nameBytes = Encoding.UTF8.GetBytes(slice.TopicName, _left[18..]);
        BinaryPrimitives.WriteUInt16BigEndian(_left[16..], checked((ushort)nameBytes));
        _left = _left[(18 + nameBytes)..];
        Int32(slice.Partition.Partition);
        Int64(slice.Epoch);
        BinaryPrimitives.WriteUInt16BigEndian(_left, checked((ushort)slice.BatchEpochs.Count));
        _left = _left[2..];
        foreach (LeaderEpochRow epoch in slice.BatchEpochs)
        {
            Int64(epoch.Epoch);
            Int64(epoch.StartOffset);
        }
        Int64(slice.BaseOffset);
        Int64(slice.EndOffset);
        Int64(slice.LogStartOffset);
        Int64(slice.MaxTimestamp);
        Int64(slice.Records);
        Int64(slice.Position);
        Int64(slice.Length);
        Int64(slice.IndexPosition);
        Int32(slice.IndexEntries);
        Int64(slice.SnapshotPosition);
        Int32(slice.SnapshotLength);
        Int32((int)slice.Crc);
        Int32((int)slice.IndexCrc);
        Int32((int)slice.SnapshotCrc);
    }

    private void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_left, value);
        _left = _left[4..];
    }

    private void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_left, value);
        _left = _left[8..];
    }
}
