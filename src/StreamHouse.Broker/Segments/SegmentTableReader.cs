using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>Reads table entries, refusing every length and position that points outside the object.</summary>
internal ref struct SegmentTableReader(ReadOnlySpan<byte> source, long tablePosition)
{
    private readonly long _tablePosition = tablePosition;
    private ReadOnlySpan<byte> _left = source;
    private (TopicId Topic, string Name) _lastTopic = (default, "");

    public SegmentSlice Read()
    {
        var topic = new TopicId(new Guid(Take(16), bigEndian: true));
        string name = Name(topic, Take(BinaryPrimitives.ReadUInt16BigEndian(Take(2))));
        int partition = Int32();
        long commitEpoch = Int64();
        var epochs = new LeaderEpochRow[BinaryPrimitives.ReadUInt16BigEndian(Take(2))];
        ReadOnlySpan<byte> rows = Take(epochs.Length * 16);
        for (int i = 0; i < epochs.Length; i++)
        {
            epochs[i] = new LeaderEpochRow(BinaryPrimitives.ReadInt64BigEndian(rows[(i * 16)..]), BinaryPrimitives.ReadInt64BigEndian(rows[((i * 16) + 8)..]));
        }
        var slice = new SegmentSlice
        {
            Partition = new TopicPartition(topic, partition),
            TopicName = name,
            Epoch = commitEpoch,
            BatchEpochs = epochs,
            BaseOffset = Int64(),
            EndOffset = Int64(),
            LogStartOffset = Int64(),
            MaxTimestamp = Int64(),
            Records = Int64(),
            Position = Int64(),
            Length = Int64(),
            IndexPosition = Int64(),
            IndexEntries = Int32(),
            SnapshotPosition = Int64(),
            SnapshotLength = Int32(),
            Crc = (uint)Int32(),
            IndexCrc = (uint)Int32(),
            SnapshotCrc = (uint)Int32(),
        };
        ThrowIfImpossible(slice);
        return slice;
    }

    public readonly void ThrowIfNotAtEnd()
    {
        if (!_left.IsEmpty)
        {
            throw new SegmentFormatException($"Its table has {_left.Length} bytes after its last slice.");
        }
    }

    private readonly void ThrowIfImpossible(SegmentSlice slice)
    {
        bool possible = slice.Partition.Partition >= 0
            && slice.BaseOffset >= 0 && slice.EndOffset > slice.BaseOffset && slice.Records >= 0
            && Lies(slice.Position, slice.Length) && slice.Length is > 0 and <= uint.MaxValue
            && slice.IndexEntries > 0 && Lies(slice.IndexPosition, (long)slice.IndexEntries * SegmentLayout.IndexEntryBytes)
            && Lies(slice.SnapshotPosition, slice.SnapshotLength);
        if (!possible)
        {
            throw new SegmentFormatException($"Its table describes an impossible slice of partition {slice.Partition} at {slice.Position}.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool Lies(long position, long length) =>
        position >= SegmentLayout.HeaderBytes && length >= 0 && position <= _tablePosition && length <= _tablePosition - position;

    // Slices of a topic usually lie side by side: its name is decoded once.
    private string Name(TopicId topic, ReadOnlySpan<byte> bytes)
    {
        if (_lastTopic.Topic != topic || Encoding.UTF8.GetByteCount(_lastTopic.Name) != bytes.Length)
        {
            _lastTopic = (topic, Encoding.UTF8.GetString(bytes));
        }
        return _lastTopic.Name;
    }

    private int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    private long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _left.Length)
        {
            throw new SegmentFormatException("Its table ends within a slice's entry.");
        }
        ReadOnlySpan<byte> taken = _left[..bytes];
        _left = _left[bytes..];
        return taken;
    }
}
